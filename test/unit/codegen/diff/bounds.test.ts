import { type Change, diffContracts } from "@sshrpc/codegen/diff";
import type { Contract, JsonSchema } from "sshrpc/contract";
import { describe, expect, test } from "vitest";

/** A contract of methods with these requests and responses. */
function contract(methods: readonly JsonSchema[], types: Readonly<Record<string, JsonSchema>> = {}): Contract {
  const entries = methods.map((schema, index) => {
    const method = { kind: "unary", idempotent: true, request: schema, response: schema } as const;
    return [`r${index}`, { path: `/r${index}`, methods: { GET: method } }] as const;
  });
  return { sshrpc: 1, name: "x", version: "1", hash: "", types, resources: Object.fromEntries(entries), callbacks: {} };
}

function diff(old: Contract, next: Contract): readonly Change[] {
  return diffContracts({ contract: old, complete: true }, { contract: next, complete: true });
}

describe("what cannot be decided is unknown, with the reason", () => {
  const text = (more: object): JsonSchema => ({ type: "string", ...more });
  test.each<[string, JsonSchema, JsonSchema]>([
    ["patterns that look around", text({ pattern: "^(?=[a-z])q+$" }), text({ pattern: "^(?=[a-q])q+$" })],
    ["a format that no value is known of", text({ format: "x-one" }), text({ format: "x-two" })],
    ["a negation that says the same in other words", { not: { type: "null" } }, { not: { enum: [null] } }],
  ])("%s", (_what, old, next) => {
    for (const change of diff(contract([old]), contract([next]))) {
      expect(change).toMatchObject({ verdict: "unknown", order: "together" });
      expect(change.reason).toMatch(/.+/);
    }
    expect(diff(contract([old]), contract([old]))).toEqual([]);
  });

  test("a type that allows more alternatives than are compared", () => {
    const wide = (count: number): JsonSchema => ({
      allOf: Array.from({ length: 4 }, (_, part) => ({
        anyOf: Array.from({ length: count }, (_item, index) => ({
          type: "object",
          properties: { [`p${part}_${index}`]: { type: "string" } },
        })),
      })),
    });
    const changes = diff(contract([wide(12)]), contract([wide(13)]));
    for (const direction of ["request", "response"]) {
      const own = changes.filter((change) => change.direction === direction);
      expect(own.map(({ verdict }) => verdict)).toContain("unknown");
    }
  });
});

test("another name of a type matters to sources only, and is said once", () => {
  const named = (name: string): Contract =>
    contract([{ $ref: `#/types/${name}` }], { [name]: { type: "string", maxLength: 5 } });
  expect(
    diff(named("One"), named("Two")).map(({ rule, verdict, old, new: next }) => [rule, verdict, old, next]),
  ).toEqual([
    ["type-renamed", "source-only", "One", "Two"],
    ["type-renamed", "source-only", "One", "Two"],
  ]);
});

test("a member of an intersection of other types is found", () => {
  const [long, short] = [
    { type: "string", minLength: 3 },
    { type: "string", maxLength: 9 },
  ];
  const changes = diff(contract([{ allOf: [long, short] }]), contract([{ allOf: [long] }]));
  expect(changes.map(({ direction, rule, verdict }) => [direction, rule, verdict])).toEqual([
    ["request", "intersection-member-removed", "compatible"],
    ["response", "intersection-member-removed", "breaking"],
  ]);
});

describe("recursive and large contracts", () => {
  /** A ring of types, each a property of the one before it. */
  const ring = (length: number, bound: number): Readonly<Record<string, JsonSchema>> =>
    Object.fromEntries(
      Array.from({ length }, (_, index) => [
        `T${index}`,
        {
          type: "object",
          properties: {
            text: { type: "string", maxLength: index === 0 ? bound : 10 },
            next: { $ref: `#/types/T${(index + 1) % length}` },
          },
          required: ["text"],
        },
      ]),
    );

  test("a change is found through a ring of types, from each of them", () => {
    const methods = [0, 1, 7].map((index) => ({ $ref: `#/types/T${index}` }));
    const changes = diff(contract(methods, ring(8, 10)), contract(methods, ring(8, 5)));
    expect(
      changes.filter(({ direction }) => direction === "request").map(({ path, verdict }) => [path, verdict]),
    ).toEqual([
      ["$.text", "breaking"],
      [`$${".next".repeat(7)}.text`, "breaking"],
      ["$.next.text", "breaking"],
    ]);
    expect(changes.filter(({ direction }) => direction === "response").map(({ verdict }) => verdict)).toEqual(
      Array(3).fill("compatible"),
    );
  });

  test("types that contain each other in several ways end", () => {
    const tree = (more: object): Readonly<Record<string, JsonSchema>> => ({
      A: { anyOf: [{ type: "string" }, { type: "array", items: { $ref: "#/types/B" } }] },
      B: {
        type: "object",
        properties: { a: { $ref: "#/types/A" }, b: { $ref: "#/types/B" }, ...more },
        required: ["a"],
      },
    });
    const method = [{ $ref: "#/types/A" }];
    const changes = diff(contract(method, tree({})), contract(method, tree({ c: { type: "null" } })));
    expect(changes.map(({ direction, rule, verdict }) => [direction, rule, verdict])).toEqual([
      ["request", "optional-property-added", "compatible"],
      ["response", "optional-property-added", "compatible"],
    ]);
  });

  test("a thousand methods with few changes take less than a few seconds of processor time", () => {
    const methods = (limit: (index: number) => number): readonly JsonSchema[] =>
      Array.from({ length: 1_000 }, (_, index) => ({
        type: "object",
        properties: {
          [`p${index}`]: { type: "string", maxLength: limit(index) },
          list: { type: "array", items: { $ref: `#/types/T${index % 100}` } },
        },
      }));
    const types = ring(100, 10);
    const old = contract(
      methods(() => 100),
      types,
    );
    const next = contract(
      methods((index) => (index % 100 === 0 ? 50 : 100)),
      types,
    );
    const before = process.cpuUsage();
    const changes = diff(old, next);
    const { user } = process.cpuUsage(before);
    expect(changes.filter(({ verdict }) => verdict === "breaking")).toHaveLength(10);
    // 0.7 s where it was written; a walk that is quadratic in the methods takes minutes.
    expect(user / 1e6).toBeLessThan(20);
  });
});

test("patterns that backtrack do not stop a comparison", () => {
  const text = (pattern: string, maxLength: number): JsonSchema => ({ type: "string", pattern, maxLength });
  const changes = diff(contract([text("^(a+)+$", 200)]), contract([text("^(a|a)*b$", 100)]));
  expect(changes.map(({ rule, verdict }) => [rule, verdict])).toContainEqual(["pattern-changed", "breaking"]);
});

test("one value among thousands is found, and unions of hundreds of members end", () => {
  const values = (count: number): JsonSchema => ({ enum: Array.from({ length: count }, (_, index) => `v${index}`) });
  const changes = diff(contract([values(2_000)]), contract([values(2_001)]));
  expect(changes.map(({ direction, verdict }) => [direction, verdict])).toEqual([
    ["request", "compatible"],
    ["response", "breaking"],
  ]);
  const union = (type: string): JsonSchema => ({
    anyOf: Array.from({ length: 300 }, (_, index) => ({
      type: "object",
      properties: { kind: { const: `k${index}` }, value: { type } },
      required: ["kind", "value"],
    })),
  });
  // More members than are compared: every change is there, and none is said to break nothing.
  const last = diff(contract([union("integer")]), contract([union("number")])).filter(
    ({ direction }) => direction === "response",
  );
  expect(last).toHaveLength(300);
  expect(new Set(last.map(({ verdict }) => verdict))).toEqual(new Set(["unknown"]));
});
