// biome-ignore-all lint/suspicious/noThenProperty: the keyword of JSON Schema; nothing awaits these

import { type Change, diffContracts } from "@sshrpc/codegen/diff";
import type { Contract, JsonSchema } from "sshrpc/contract";
import { expect, test } from "vitest";

type Types = Readonly<Record<string, JsonSchema>>;

function contract(schema: JsonSchema, types: Types = {}): Contract {
  const method = { kind: "unary", idempotent: false, request: schema, response: schema } as const;
  const resources = { a: { path: "/a", methods: { STORE: method } } };
  return { sshrpc: 1, name: "x", version: "1", hash: "", types, resources, callbacks: {} };
}

/** The changes of one direction that break, or that are not decided. */
function doubtful(old: Contract, next: Contract, direction: string): readonly Change[] {
  const changes = diffContracts({ contract: old, complete: true }, { contract: next, complete: true });
  return changes.filter((one) => one.direction === direction && ["breaking", "unknown"].includes(one.verdict));
}

const object = (properties: Types, more: object = {}): JsonSchema => ({ type: "object", properties, ...more });
const array = (items: unknown): JsonSchema => ({ type: "array", items });
const ref = (name: string): JsonSchema => ({ $ref: `#/types/${name}` });
const [string, number, integer] = [{ type: "string" }, { type: "number" }, { type: "integer" }];
const tagged = (tag: string, properties: Types = {}): JsonSchema =>
  object({ kind: { const: tag }, ...properties }, { required: ["kind"] });
const condition = { if: object({ a: { const: "x" } }), ["then"]: { required: ["b"] } };

test.each<[string, JsonSchema, JsonSchema, Types?, Types?]>([
  [
    "an optional property in a member of a union in an array",
    array({ anyOf: [tagged("a"), tagged("b")] }),
    array({ anyOf: [tagged("a", { v: string }), tagged("b")] }),
  ],
  [
    "an optional property in an untagged union",
    { anyOf: [object({ a: string }, { required: ["a"] }), object({ b: number }, { required: ["b"] })] },
    { anyOf: [object({ a: string, c: string }, { required: ["a"] }), object({ b: number }, { required: ["b"] })] },
  ],
  [
    "another order of members of a union",
    { anyOf: [string, number, { type: "null" }] },
    { anyOf: [{ type: "null" }, number, string] },
  ],
  [
    "an inline type that gets a name and a property",
    object({ a: object({ x: string }) }),
    object({ a: ref("X") }),
    {},
    { X: object({ x: string, y: string }) },
  ],
  [
    "another name of a type that contains itself",
    ref("X"),
    ref("Y"),
    { X: object({ x: ref("X") }) },
    { Y: object({ x: ref("Y"), z: string }) },
  ],
  [
    "types that contain each other under other names",
    ref("X"),
    ref("P"),
    { X: object({ y: array(ref("Y")) }), Y: object({ x: ref("X") }) },
    { P: object({ y: array(ref("Q")) }), Q: object({ x: ref("P"), m: string }) },
  ],
  [
    "an intersection that contains itself",
    ref("A"),
    ref("A"),
    { A: object({ v: string, b: { allOf: [ref("A"), object({ x: string })] } }) },
    { A: object({ v: string, w: string, b: { allOf: [ref("A"), object({ x: string })] } }) },
  ],
  [
    "a reference in place of an intersection of it alone",
    ref("A"),
    ref("A"),
    { A: object({ a: ref("A") }) },
    { A: object({ a: { allOf: [ref("A")] } }) },
  ],
  [
    "two types of a property that contain themselves",
    { allOf: [ref("A"), ref("B")] },
    { allOf: [ref("A"), ref("B"), object({ q: string })] },
    { A: object({ p: ref("A") }), B: object({ p: ref("B") }) },
    { A: object({ p: ref("A") }), B: object({ p: ref("B") }) },
  ],
  [
    "an intersection written as one object",
    { allOf: [object({ a: string }), object({ b: string })] },
    object({ a: string, b: string }),
  ],
  [
    "an exclusive limit of an integer as an inclusive one",
    { type: "integer", exclusiveMinimum: 0 },
    { type: "integer", minimum: 1 },
  ],
  [
    "a finer binary fraction",
    { type: "number", multipleOf: 0.5, minimum: 0, maximum: 9 },
    { type: "number", multipleOf: 0.25, minimum: 0, maximum: 9 },
  ],
  [
    "integers in a larger range of numbers",
    { type: "integer", minimum: 0, maximum: 255 },
    { type: "number", minimum: 0 },
  ],
  [
    "an optional property beside a condition",
    object({ a: string, b: string }, condition),
    object({ a: string, b: string, c: string }, condition),
  ],
  [
    "the members of an enum as members of a union of objects",
    object({ kind: { enum: ["a", "b"] } }, { required: ["kind"] }),
    { anyOf: [tagged("a"), tagged("b")] },
  ],
  [
    "integers as numbers in arrays of a record",
    { type: "object", additionalProperties: array(integer) },
    { type: "object", additionalProperties: array(number) },
  ],
])("%s breaks no request, and the change back no response", (_what, old, next, before = {}, after = {}) => {
  const [one, other] = [contract(old, before), contract(next, after)];
  expect(doubtful(one, other, "request")).toEqual([]);
  expect(doubtful(other, one, "response")).toEqual([]);
});
