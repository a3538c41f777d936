import fc from "fast-check";
import type { Validator } from "sshrpc/generated";
import Type, { type TSchema } from "typebox";
import { describe, expect, test } from "vitest";
import { rounds } from "../../rounds.js";
import { typeSource } from "../../support/schema/arbitrary-type.js";
import { generateInMemory } from "../../support/schema/in-memory-schema.js";
import { randomFrom, sampleValue } from "../../support/schema/sample-value.js";

/** The same in every run; another one finds others: SSHRPC_TEST_SEED. */
const SEED = Number(process.env["SSHRPC_TEST_SEED"] ?? 14);

const SECRET = "passwordHash";

function validators(type: unknown): { readonly open: Validator; readonly closed: Validator } {
  const generated = generateInMemory(type);
  if (!("open" in generated)) throw new Error(JSON.stringify(generated));
  return generated;
}

/** What is sent of a value. A validator without a projection sends all of it. */
function sent(open: Validator, value: unknown): string | undefined {
  return open.projection === undefined ? JSON.stringify(value) : open.projection.write(value);
}

function project(type: unknown, value: unknown): unknown {
  const { open } = validators(type);
  expect(open(value)).toBe(true);
  return JSON.parse(sent(open, value) ?? "null");
}

/** The value with a secret in each of its objects, one at a time. */
function* withSecret(value: unknown): Generator<unknown> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield { ...value, [SECRET]: "secret" };
  for (const [key, part] of Object.entries(value)) {
    for (const changed of withSecret(part)) {
      yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed };
    }
  }
}

const User = Type.Object({ name: Type.String() });
const row = { name: "ada", passwordHash: "$2b$10$" };

describe("a property that the schema does not declare is not sent", () => {
  const Note = Type.Object({ kind: Type.Literal("note"), by: User });
  const Reply = Type.Object({ kind: Type.Literal("reply"), to: User });
  test.each<[string, TSchema, unknown, unknown]>([
    ["at the top", User, row, { name: "ada" }],
    ["in an object", Type.Object({ by: User }), { by: row }, { by: { name: "ada" } }],
    ["in an array", Type.Array(User), [row, row], [{ name: "ada" }, { name: "ada" }]],
    ["in a tuple", Type.Tuple([Type.String(), User]), ["a", row], ["a", { name: "ada" }]],
    ["in a record", Type.Record(Type.String(), User), { a: row }, { a: { name: "ada" } }],
    [
      "in a union, where it would select another branch",
      Type.Union([
        Type.Object({ name: Type.String() }, { additionalProperties: false }),
        Type.Object({ nick: Type.Optional(Type.String()) }),
      ]),
      row,
      { name: "ada" },
    ],
    [
      "in a property that matches a pattern",
      Type.Object({ n: Type.Number() }, { patternProperties: { "^u-": User } }),
      { n: 1, "u-1": row, v: 2 },
      { n: 1, "u-1": { name: "ada" } },
    ],
    [
      "in additional properties",
      Type.Object({ n: Type.Number() }, { additionalProperties: User }),
      { n: 1, a: row },
      { n: 1, a: { name: "ada" } },
    ],
    ["in a union with null", Type.Union([User, Type.Null()]), row, { name: "ada" }],
    ["in a union with arrays", Type.Union([User, Type.Array(User), Type.String()]), [row], [{ name: "ada" }]],
    [
      "in a union with a tag",
      Type.Union([Note, Reply]),
      { kind: "reply", to: row, by: row },
      { kind: "reply", to: { name: "ada" } },
    ],
    [
      "in a union without a tag",
      Type.Union([User, Type.Object({ id: Type.Integer() })]),
      { ...row, id: "x" },
      { name: "ada" },
    ],
    [
      "in an intersection",
      Type.Intersect([User, Type.Object({ id: Type.Integer(), by: User })]),
      { ...row, id: 1, by: row },
      { name: "ada", id: 1, by: { name: "ada" } },
    ],
    [
      "in an intersection with a union",
      Type.Intersect([User, Type.Union([Type.Object({ a: User }), Type.Object({ b: User })])]),
      { ...row, b: row },
      { name: "ada", b: { name: "ada" } },
    ],
    [
      "in a recursive type",
      Type.Cyclic({ Tree: Type.Object({ v: Type.Number(), of: Type.Array(Type.Ref("Tree")) }) }, "Tree"),
      { v: 1, x: 1, of: [{ v: 2, x: 1, of: [] }] },
      { v: 1, of: [{ v: 2, of: [] }] },
    ],
    [
      "in what a condition adds",
      {
        type: "object",
        properties: { kind: { type: "string" } },
        if: { properties: { kind: { const: "a" } } },
        // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
        then: { properties: { a: User } },
        else: { properties: { b: User } },
      } as TSchema,
      { kind: "a", a: row, b: row },
      { kind: "a", a: { name: "ada" } },
    ],
    [
      "in a dependent schema",
      {
        type: "object",
        properties: { n: { type: "number" } },
        dependentSchemas: { n: { properties: { by: User } } },
      } as TSchema,
      { n: 1, by: row, passwordHash: "x" },
      { n: 1, by: { name: "ada" } },
    ],
    [
      "beside unevaluated properties",
      Type.Intersect([User, Type.Object({ id: Type.Integer() })], { unevaluatedProperties: User }),
      { name: "ada", id: 1, other: row },
      { name: "ada", id: 1, other: { name: "ada" } },
    ],
  ])("%s", (_where, type, value, expected) => {
    expect(project(type, value)).toEqual(expected);
  });
});

describe("what the schema allows is sent as it is", () => {
  test.each<[string, TSchema, unknown]>([
    ["an unknown value", Type.Object({ v: Type.Unknown() }), { v: row }],
    ["an object that may have any property", Type.Object({ name: Type.String() }, { additionalProperties: true }), row],
    [
      "properties that only one branch of a union declares",
      Type.Union([User, Type.Object({ id: Type.Integer() })]),
      { name: "a", id: 1 },
    ],
    [
      "properties that a branch only requires",
      {
        type: "object",
        properties: { a: User, b: User },
        anyOf: [{ required: ["a"] }, { required: ["b"] }],
      } as TSchema,
      { a: { name: "ada" }, b: { name: "bob" } },
    ],
    ["a name that objects inherit", Type.Object({ constructor: Type.Optional(Type.String()) }), {}],
  ])("%s", (_what, type, value) => {
    expect(project(type, value)).toEqual(value);
  });

  test("a value with toJSON is written as JSON.stringify writes it, without undeclared properties", () => {
    const { open } = validators(Type.Object({ at: Type.Unknown(), by: User }));
    class Row {
      readonly name = "ada";
      readonly passwordHash = "x";
      toJSON(): object {
        return { name: this.name, passwordHash: this.passwordHash, more: 1 };
      }
    }
    const value = { at: new Date(0), by: new Row() };
    expect(open(value)).toBe(true);
    expect(sent(open, value)).toBe('{"at":"1970-01-01T00:00:00.000Z","by":{"name":"ada"}}');
  });

  test("an object that toJSON puts in the place of a scalar is refused", () => {
    const { open } = validators(User);
    expect(() => sent(open, { name: "ada", toJSON: () => ({ name: row }) })).toThrow(
      "the value changed after its validation: an object or array in place of another value",
    );
  });
});

describe("a long list is written as a short one", () => {
  const Row = Type.Object({ id: Type.Integer(), name: Type.Optional(Type.String()), by: Type.Optional(User) });
  class Stored {
    readonly id = 1;
    get name(): string {
      return "ada";
    }
    toString(): string {
      return "stored";
    }
  }
  test.each<[string, object, unknown]>([
    ["of declared properties", { id: 1, name: "a", by: { name: "ada" } }, { id: 1, name: "a", by: { name: "ada" } }],
    ["with an undeclared property first", { passwordHash: "x", id: 1 }, { id: 1 }],
    ["with an undeclared property last", { id: 1, name: "a", passwordHash: "x" }, { id: 1, name: "a" }],
    ["with an undeclared property inside", { id: 1, by: row }, { id: 1, by: { name: "ada" } }],
    ["with another order", { name: "a", id: 1 }, { id: 1, name: "a" }],
    ["with an absent property", { id: 1, name: undefined }, { id: 1 }],
    ["with a getter of a class", new Stored(), { id: 1, name: "ada" }],
    ["with toJSON", { id: 1, toJSON: () => ({ id: 2, passwordHash: "x" }) }, { id: 2 }],
    ["with an inherited property", Object.create({ id: 1, passwordHash: "x" }) as object, { id: 1 }],
  ])("%s", (_what, value, expected) => {
    const { open } = validators(Type.Array(Row));
    const plain = Array.from({ length: 10 }, (_, id) => ({ id }));
    expect(open([value])).toBe(true);
    expect(sent(open, [value])).toBe(JSON.stringify([expected]));
    expect(sent(open, [...plain, value])).toBe(JSON.stringify([...plain, expected]));
  });
});

test("scalars are written as JSON.stringify writes them", () => {
  const { open } = validators(
    Type.Object({ v: Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]) }),
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({
      unit: fc.constantFrom("\ud800", "\udc00", "\u2028", "\u0000", "\u001f", "\u007f", '"', "\\", "/", "é", "a"),
    }),
    fc.string({ minLength: 500, maxLength: 530 }),
  );
  const value = fc.oneof(text, fc.double(), fc.integer(), fc.constantFrom(-0, Number.NaN, Infinity, 1e21, true, null));
  fc.assert(
    fc.property(value, (v) => sent(open, { v }) === JSON.stringify({ v })),
    { seed: SEED, numRuns: rounds(500) },
  );
});

test("closed validators and projections agree on random types and values", { timeout: 600_000 }, () => {
  const disagreements: string[] = [];
  let kept = 0;
  let dropped = 0;
  for (const [index, source] of fc.sample(typeSource, { numRuns: rounds(1200, 80), seed: SEED }).entries()) {
    const type = new Function("Type", `return ${source};`)(Type) as TSchema;
    const generated = generateInMemory(type);
    if (!("open" in generated)) continue;
    const { open, closed } = generated;
    const random = randomFrom(SEED + index);
    // An unknown property may fit another branch of the union than the value without it.
    const isOther = (text: string | undefined): boolean =>
      /Union|Index|contains/.test(source) && !text?.includes(SECRET) && open(JSON.parse(text ?? "null"));
    const check = (value: unknown, expected: unknown): boolean => {
      const text = sent(open, value);
      const picked = open.projection === undefined ? value : open.projection.pick(value);
      const isRight = sameJson(text, expected) || (value !== expected && isOther(text));
      if (text === JSON.stringify(picked) && isRight) return true;
      disagreements.push(`${source}\n  ${JSON.stringify(value)}: sent ${text}, expected ${JSON.stringify(expected)}`);
      return false;
    };
    for (let round = 0; round < 15; round += 1) {
      const value = sampleValue(type, { random, noise: round % 3 === 0 ? 0.1 : 0 });
      // A value without unknown properties is sent whole.
      if (!closed(value)) continue;
      if (!check(value, value)) break;
      for (const changed of withSecret(value)) {
        if (!open(changed)) continue;
        const isDeclared = closed(changed);
        if (isDeclared) kept += 1;
        else dropped += 1;
        if (!check(changed, isDeclared ? changed : value)) break;
      }
    }
  }
  expect(disagreements.slice(0, 5).join("\n")).toBe("");
  expect(Math.min(kept, dropped)).toBeGreaterThan(rounds(100, 20));
});

function sameJson(text: string | undefined, expected: unknown): boolean {
  return canonical(JSON.parse(text ?? "null")) === canonical(expected);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
