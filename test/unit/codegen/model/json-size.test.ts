import { Type } from "typebox";
import { describe, expect, test } from "vitest";
import { maxJsonSize } from "../../../../codegen/src/model/schema/json-size.js";

type Schema = Parameters<typeof maxJsonSize>[0];

const TYPES = new Map<string, Exclude<Schema, boolean>>([
  ["Name", { type: "string", maxLength: 10 }],
  ["Tree", { type: "object", properties: { child: { $ref: "#/types/Tree" } } }],
]);
const sizeOf = (schema: object) => maxJsonSize(schema as Schema, (name) => TYPES.get(name));

const Part = Type.Object({ name: Type.String({ maxLength: 3 }) });

describe("a bounded schema", () => {
  // As long as a value may be written: escapes for each character, and indentation.
  const escaped = (text: string) =>
    `"${[...text].map((character) => [...Array(character.length).keys()].map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")).join("")}"`;

  test.each<[string, object, string]>([
    ["nothing", Type.Object({}), " { } "],
    [
      "numbers",
      Type.Object({ a: Type.Integer(), b: Type.Number() }),
      '{\n  "a": 9007199254740991,\n  "b": -1.7976931348623157e+308\n}',
    ],
    ["a string of astral characters", Type.String({ maxLength: 50 }), escaped("😀".repeat(50))],
    ["an escaped key", Part, `{ ${escaped("name")}: ${escaped("abc")} }`],
    ["an array", Type.Array(Part, { maxItems: 20 }), JSON.stringify(Array(20).fill({ name: "äöü" }), null, 8)],
    ["a choice", Type.Union([Type.Literal("one"), Type.Null()]), escaped("one")],
    ["objects together", { allOf: [Part, Type.Object({ x: Type.Boolean() })] }, '{"name":"abc","x":false}'],
    ["a named type", { $ref: "#/types/Name" }, escaped("0123456789")],
  ])("%s has a bound that its longest values do not reach", (_, schema, text) => {
    expect(sizeOf(schema)).toBeGreaterThan(text.length);
    expect(sizeOf(schema)).toBeLessThan(text.length * 20 + 2048);
  });
});

test.each<[string, object]>([
  ["a string", Type.String()],
  ["an array", Type.Array(Type.Null())],
  ["an array of strings", Type.Array(Type.String(), { maxItems: 2 })],
  ["any value", Type.Unknown()],
  ["a record", Type.Record(Type.String(), Type.Null())],
  ["an object without declared properties", { type: "object" }],
  ["an open object", Type.Object({}, { additionalProperties: true })],
  ["a recursive type", { $ref: "#/types/Tree" }],
  ["a conditional object", { type: "object", properties: {}, if: {}, else: { properties: { x: {} } } }],
  ["one open part", { anyOf: [Type.Null(), Type.String()] }],
])("%s without a limit has no bound", (_, schema) => {
  expect(sizeOf(schema)).toBeUndefined();
});
