// biome-ignore-all lint/suspicious/noThenProperty: the keyword of JSON Schema; nothing awaits these

import { diffContracts } from "@sshrpc/codegen/diff";
import type { Contract, JsonSchema } from "sshrpc/contract";
import { describe, expect, test } from "vitest";
import { checkContract } from "../../../../codegen/src/diff/compare/parse-contract.js";
import { compileSide } from "../../../../codegen/src/diff/witness/compile-sides.js";
import { rounds } from "../../../rounds.js";
import { randomFrom } from "../../../support/schema/sample-value.js";
import { RandomSchemas, smallValues } from "./random-json-schema.js";

type Types = Readonly<Record<string, JsonSchema>>;

function contract(schema: JsonSchema, types: Types = {}): Contract {
  const method = { kind: "unary", idempotent: false, request: schema, response: schema } as const;
  const resources = { a: { path: "/a", methods: { STORE: method } } };
  return { sshrpc: 1, name: "x", version: "1", hash: "", types, resources, callbacks: {} };
}

/** Whether the diff says that every value is accepted, for requests and for responses. */
function verdicts(old: Contract, next: Contract): Readonly<Record<"request" | "response", string>> {
  const changes = diffContracts({ contract: old, complete: true }, { contract: next, complete: true });
  const worst = (direction: string): string => {
    const own = changes.filter((change) => change.direction === direction).map(({ verdict }) => verdict);
    return ["breaking", "unknown"].find((verdict) => own.includes(verdict as never)) ?? "compatible";
  };
  return { request: worst("request"), response: worst("response") };
}

function validatorsOf({ types, resources }: Contract) {
  const schema = resources["a"]?.methods.STORE?.request ?? {};
  const uses = (["closed", "open"] as const).map((variant) => ({ schema, variant }));
  const [closed, open] = compileSide(new Map(Object.entries(types)), uses);
  if (closed === undefined || open === undefined) throw new Error("no validators");
  return { closed, open };
}

const object = (properties: Types, more: object = {}): JsonSchema => ({ type: "object", properties, ...more });
const number = { type: "number" };
const string = { type: "string" };

describe("a value that contradicts is never called compatible", () => {
  test.each<[string, JsonSchema, JsonSchema, unknown, Types?]>([
    [
      "a property of a constant false, removed beside another one",
      object({ a: { const: false }, b: { const: false } }),
      object({ a: { const: false } }, { additionalProperties: false }),
      { b: false },
    ],
    ...[0, 1, 2, 3, 4, 5].map((value): [string, JsonSchema, JsonSchema, unknown] => [
      `the constant 9 in place of ${value}, beside another change`,
      object({ a: { const: 9 }, b: { const: 9 } }),
      object({ a: { type: "integer" }, b: { const: value } }),
      { a: 9, b: 9 },
    ]),
    [
      "a pattern that matches every name",
      object({}, { patternProperties: { "": number } }),
      object({}, { patternProperties: { "": string } }),
      { x: 1 },
    ],
    [
      "a condition inside an intersection that declares a property",
      { allOf: [object({ a: number }), { if: object({ a: { const: 1 } }), then: object({ b: string }) }] },
      object({ a: number }),
      { a: 1, b: "" },
    ],
    [
      "a condition in a named type of an intersection",
      { allOf: [object({ a: number }), { $ref: "#/types/C" }] },
      object({ a: number }),
      { a: 1, b: "" },
      { C: { if: object({ a: { const: 1 } }), then: object({ b: string }) } },
    ],
    [
      "dependent schemas in a union in an intersection",
      { allOf: [object({ a: number }), { anyOf: [{ dependentSchemas: { a: object({ b: string }) } }, string] }] },
      object({ a: number }),
      { a: 1, b: "" },
    ],
    [
      "unevaluated properties of a member of an intersection",
      { allOf: [object({ a: number }, { unevaluatedProperties: string }), object({ b: number })] },
      object({ a: number, b: number }),
      { a: 1, c: "" },
    ],
    ["multiples beyond 1e21", { type: "number", multipleOf: 6 }, { type: "number", multipleOf: 3 }, 3e21],
    ["big integers", { type: "integer", minimum: 0, maximum: 1e30 }, { type: "number", multipleOf: 1 }, 1e21],
    ["a constant beyond 1e21", { const: 1e21 }, { type: "number", multipleOf: 1 }, 1e21],
    ["a value that is a constant and in a list", { const: 1 }, { const: 1, enum: [2] }, 1],
    ["a format of numbers", { type: "integer" }, { type: "integer", format: "int32" }, 2 ** 40],
    ["a format of constants", { const: 2 ** 40 }, { type: "number", format: "int32" }, 2 ** 40],
    [
      "an exclusive union of two equal members",
      { const: 1 },
      { oneOf: [{ $ref: "#/types/A" }, { $ref: "#/types/A" }] },
      1,
      { A: { const: 1 } },
    ],
    [
      "constants of objects with keywords as names",
      { const: { title: "a" } },
      { const: { title: "b" } },
      { title: "a" },
    ],
    [
      "constants of lists by the name of a keyword",
      { const: { required: [1, 2] } },
      { const: { required: [2, 1] } },
      { required: [1, 2] },
    ],
    [
      "constants that look like references",
      { const: { $ref: "#/types/A" } },
      { const: { $ref: "#/types/B" } },
      { $ref: "#/types/A" },
      { A: string, B: string },
    ],
    ["null that a keyword adds", { type: "string", nullable: true }, string, null],
    [
      "a nullable union",
      { allOf: [{ type: ["string", "number"], nullable: true }] },
      { anyOf: [string, number] },
      null,
    ],
    [
      "a value of two members of a union, which a server sends whole",
      { anyOf: [object({ a: number }, { required: ["a"] }), object({ b: string }, { required: ["b"] })] },
      object({ a: number, b: number }),
      { a: 1, b: "x" },
    ],
    [
      "nested objects that two members of a union declare",
      { anyOf: [object({ p: object({ x: number }) }), object({ p: object({ y: string }) })] },
      object({ p: object({ x: number, y: number }) }),
      { p: { x: 1, y: "a" } },
    ],
    [
      "arrays of two members of a union",
      {
        anyOf: [
          { type: "array", items: object({ x: number }) },
          { type: "array", items: object({ y: string }) },
        ],
      },
      { type: "array", items: object({ x: number, y: number }) },
      [{ x: 1, y: "a" }],
    ],
    [
      "nested objects that two members of an intersection declare",
      { allOf: [object({ p: object({ x: number }) }), object({ p: object({ y: string }) })] },
      object({ p: object({ x: number, y: number }) }),
      { p: { x: 1, y: "a" } },
    ],
    [
      "an intersection that declares no property",
      { allOf: [{ type: "object", minProperties: 2 }] },
      object({ b: {} }),
      { a: 0, b: 0 },
    ],
    ["exclusive bounds", { type: "number", minimum: 1 }, { type: "number", exclusiveMinimum: 1 }, 1],
    [
      "tuples that grow",
      { type: "array", items: [string], minItems: 1 },
      { type: "array", items: [string], additionalItems: false },
      ["", 1],
    ],
    [
      "required in the root of a closed object",
      object({ a: number }, { required: ["b"] }),
      object({ a: number }),
      { a: 1, b: 2 },
    ],
    ["an enum of mixed types", { enum: [1, "1", null] }, { enum: [1, "1"] }, null],
    [
      "propertyNames",
      object({}, { additionalProperties: number }),
      object({}, { additionalProperties: number, propertyNames: { maxLength: 1 } }),
      { ab: 1 },
    ],
    [
      "dependentRequired",
      object({ a: number, b: number }),
      object({ a: number, b: number }, { dependentRequired: { a: ["b"] } }),
      { a: 1 },
    ],
    ["minProperties", object({ a: number, b: number }), object({ a: number, b: number }, { minProperties: 1 }), {}],
    ["contains", { type: "array", items: number }, { type: "array", items: number, contains: { const: 1 } }, []],
    [
      "minContains without contains",
      { type: "array", contains: number, minContains: 1 },
      { type: "array", contains: number, minContains: 2 },
      [1],
    ],
    ["inherited names", object({ constructor: number }), object({ constructor: string }), { constructor: 1 }],
    [
      "dependencies",
      object({ a: number, b: number }),
      object({ a: number, b: number }, { dependencies: { a: ["b"] } }),
      { a: 1 },
    ],
    ["long texts by code points", { type: "string", maxLength: 2 }, { type: "string", maxLength: 1 }, "ab"],
    [
      "unevaluated items",
      { type: "array", items: [number] },
      { type: "array", items: [number], unevaluatedItems: false },
      [1, 2],
    ],
    ["not", number, { type: "number", not: { const: 5 } }, 5],
    [
      "a negation in a union",
      { anyOf: [number, string] },
      { anyOf: [{ type: "number", not: { const: 5 } }, string] },
      5,
    ],
  ])("%s", (_what, old, next, value, types = {}) => {
    const [one, two] = [contract(old, types), contract(next, types)];
    const [sender, receiver] = [validatorsOf(one), validatorsOf(two)];
    const found = verdicts(one, two);
    if (sender.closed(value) && !receiver.closed(value)) expect(found.request).not.toBe("compatible");
    const back = verdicts(two, one);
    const text = sender.open.projection === undefined ? JSON.stringify(value) : sender.open.projection.write(value);
    const sent: unknown = JSON.parse(text ?? "null");
    if (sender.open(value) && !receiver.open(sent)) expect(back.response).not.toBe("compatible");
    // Each case has a value that contradicts in one direction at least.
    expect((sender.closed(value) && !receiver.closed(value)) || (sender.open(value) && !receiver.open(sent))).toBe(
      true,
    );
  });
});

/** The same in every run; another one finds others: SSHRPC_TEST_SEED. */
const SEED = Number(process.env["SSHRPC_TEST_SEED"] ?? 15);

test("no small value contradicts `compatible` for random schemas of any keyword", { timeout: 600_000 }, () => {
  const values = smallValues();
  const counts = { compatible: 0, breaking: 0, unknown: 0 };
  const failures: string[] = [];
  for (let index = 0; index < rounds(300, 20); index += 1) {
    const random = new RandomSchemas(randomFrom(SEED * 1_000_003 + index));
    const types = random.types();
    const schema = random.schema();
    const isTypeEdited = index % 3 === 0;
    const [a, b] = [types["A"] ?? {}, index % 10 === 9 ? random.schema() : random.edited(schema)];
    const [old, next] = [
      contract(schema, types),
      contract(isTypeEdited ? schema : b, isTypeEdited ? { ...types, A: random.edited(a) } : types),
    ];
    let sides: readonly [ReturnType<typeof validatorsOf>, ReturnType<typeof validatorsOf>];
    try {
      // Refuses types that contain themselves in place.
      sides = [validatorsOf(checkContract(old, "old")), validatorsOf(checkContract(next, "new"))];
    } catch {
      continue;
    }
    for (const [one, two, sender, receiver] of [
      [old, next, sides[0], sides[1]],
      [next, old, sides[1], sides[0]],
    ] as const) {
      const [{ request }, { response }] = [verdicts(one, two), verdicts(two, one)];
      counts[request as "unknown"] += 1;
      counts[response as "unknown"] += 1;
      const contradicts = (value: unknown): string | undefined => {
        if (request === "compatible" && sender.closed(value) && !receiver.closed(value)) return "request";
        if (response !== "compatible" || !sender.open(value)) return undefined;
        const text = sender.open.projection === undefined ? JSON.stringify(value) : sender.open.projection.write(value);
        const sent: unknown = JSON.parse(text ?? "null");
        return sender.open(sent) && !receiver.open(sent) ? "response" : undefined;
      };
      const value = values.find((each) => contradicts(each) !== undefined);
      if (value === undefined) continue;
      const what = [
        index,
        contradicts(value),
        value,
        one.resources["a"]?.methods.STORE?.request,
        one.types,
        two.resources["a"]?.methods.STORE?.request,
        two.types,
      ];
      failures.push(what.map((part) => JSON.stringify(part)).join("\n  "));
    }
  }
  expect(failures.slice(0, 6).join("\n\n")).toBe("");
  expect(Math.min(counts.compatible, counts.breaking)).toBeGreaterThan(5);
});
