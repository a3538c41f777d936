// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts of template literal types
import { generate, SchemaProblem } from "@sshrpc/codegen";
import Type from "typebox";
import { describe, expect, test } from "vitest";
import { type GeneratedSchema, generateInMemory } from "../../support/schema/in-memory-schema.js";
import { Project } from "./project.js";

function generated(type: unknown): GeneratedSchema {
  const result = generateInMemory(type);
  if ("open" in result) return result;
  throw new Error(result.map(({ path, message }) => `${path}: ${message}`).join("\n"));
}

/** The problems of a schema, without its position. */
function problems(type: unknown): readonly string[] {
  const result = generateInMemory(type);
  return "open" in result ? [] : [...new Set(result.map(({ message }) => message))];
}

const flat = (text: string): string => text.replaceAll(/\s+/g, " ");

const named = { type: "object", properties: { a: { type: "string" }, b: { type: "number" } } };

describe("the type and the validators of a request agree", () => {
  const cases: readonly [
    title: string,
    type: unknown,
    text: string,
    valid: readonly unknown[],
    invalid: readonly unknown[],
  ][] = [
    [
      "an intersection with a record of numeric keys",
      Type.Intersect([Type.Object({ a: Type.Boolean() }), Type.Record(Type.Integer(), Type.String())]),
      "{ a: boolean; [key: number]: string; }",
      [{ a: true }, { a: true, 1: "x" }],
      [{ a: "x" }, { a: true, 1: 2 }],
    ],
    [
      "patterns beside properties",
      Type.Object({ a: Type.Optional(Type.String()) }, { patternProperties: { "^x-": Type.Number() } }),
      "{ a?: string | undefined; [key: `x-${string}`]: number; }",
      [{ a: "x", "x-b": 1 }],
      [{ "x-b": "1" }],
    ],
    [
      "patterns that no type expresses beside properties",
      Type.Object({ a: Type.Optional(Type.String()) }, { patternProperties: { _at$: Type.Number() } }),
      "{ a?: string | undefined; [key: string]: number | string | undefined; }",
      [{ a: "x", b_at: 1 }],
      [{ b_at: "1" }],
    ],
    [
      "additional properties of a type beside properties",
      Type.Object({ a: Type.String() }, { additionalProperties: Type.Number() }),
      "{ a: string; [key: string]: number | string; }",
      [{ a: "x", b: 1 }],
      [{ a: "x", b: "1" }],
    ],
    ["a template literal", Type.TemplateLiteral("v${number}"), "`v${number}`", ["v1", "v1.5"], ["v", "1"]],
    [
      "a template literal with a special character",
      Type.TemplateLiteral("v${number}.${string}"),
      "`v${number}.${string}`",
      ["v1.x"],
      ["v1-x"],
    ],
    [
      "a record with keys of a template literal",
      Type.Record(Type.TemplateLiteral("a.${string}"), Type.Number()),
      "{ [key: `a.${string}`]: number; }",
      [{ "a.b": 1 }],
      [{ "a.b": "x" }, { ab: 1 }],
    ],
    [
      "a const object",
      { const: { a: [1, { b: null }] } },
      "{ a: [1, { b: null }]; }",
      [{ a: [1, { b: null }] }],
      [{ a: [] }],
    ],
    ["an enum of objects", { enum: [{ a: 1 }, "x", []] }, '{ a: 1 } | "x" | []', [{ a: 1 }, "x", []], [{ a: 2 }, [1]]],
    ["an enum with a type", { type: "string", enum: ["a", 1] }, '"a"', ["a"], [1]],
    [
      "required in a member of allOf",
      { allOf: [named, { required: ["a"] }] },
      "{ a: string; b?: number | undefined; }",
      [{ a: "x" }],
      [{}, { b: 1 }],
    ],
    [
      "alternatives of required properties",
      { ...named, anyOf: [{ required: ["a"] }, { required: ["b"] }] },
      "({ a: string } | { b: number }) & { a?: string | undefined; b?: number | undefined }",
      [{ a: "x" }, { b: 1 }],
      [{}, { a: 1 }],
    ],
    [
      "a required property without a schema",
      { ...named, required: ["c"] },
      "{ a?: string | undefined; b?: number | undefined; c: unknown; }",
      [{ c: 1 }, { a: "x", c: null }],
      [{}, { c: 1, d: 1 }],
    ],
    [
      "required properties alone",
      { type: "object", required: ["c"] },
      "{ c: unknown; }",
      [{ c: 1 }],
      [{}, { c: 1, d: 1 }],
    ],
    [
      "required properties in an intersection",
      { allOf: [{ required: ["c"] }] },
      "{ c: unknown } | unknown[] | string | number | boolean | null",
      [{ c: 1 }, 5, []],
      [{}, { c: 1, d: 1 }],
    ],
    [
      "properties without a type",
      { properties: { a: { type: "string" } } },
      "{ a?: string | undefined } | unknown[] | string | number | boolean | null",
      [{ a: "x" }, 5, null, []],
      [{ a: 5 }],
    ],
    [
      "optional items of a tuple",
      { type: "array", items: [{ type: "string" }, { type: ["string", "null"] }], minItems: 1, additionalItems: false },
      "[string, (string | null)?]",
      [["a"], ["a", null]],
      [[], ["a", 1]],
    ],
    [
      "a false schema in a property",
      { type: "object", properties: { a: false } },
      "{ a?: undefined; }",
      [{}],
      [{ a: 1 }],
    ],
    [
      "an object without properties that accepts any",
      Type.Object({}, { additionalProperties: true }),
      "{ [key: string]: unknown; }",
      [{}, { a: 1 }],
      [1],
    ],
    [
      "two types at once",
      { allOf: [{ type: ["string", "null"] }, { type: ["string", "number"] }] },
      "string",
      ["a"],
      [null, 1],
    ],
    ["nullable of OpenAPI", { type: "string", nullable: true }, "string | null", ["a", null], [1]],
    [
      "dependencies of draft 7",
      { ...named, dependencies: { a: ["b"], b: { properties: { a: { minLength: 2 } } } } },
      "{ a?: string | undefined; b?: number | undefined; }",
      [{}, { a: "xx", b: 1 }],
      [{ a: "xx" }, { a: "x", b: 1 }],
    ],
  ];

  test.each(cases)("%s", (_title, type, text, valid, invalid) => {
    const { closed, types, request } = generated(type);
    expect(flat(`${types} ${request}`)).toContain(text);
    for (const value of valid) expect([value, closed(value)]).toEqual([value, true]);
    for (const value of invalid) expect([value, closed(value)]).toEqual([value, false]);
  });
});

describe("a reference of JSON Schema", () => {
  test("leads to the definitions of its schema", () => {
    const { types, open } = generated({
      type: "object",
      properties: { a: { $ref: "#/$defs/A" }, b: { $ref: "#/definitions/my-b" }, c: { $ref: "#anchored" } },
      $defs: {
        A: { type: "object", properties: { b: { $ref: "#/definitions/my-b" } } },
        C: { $anchor: "anchored", type: "null" },
      },
      definitions: { "my-b": { type: "string", minLength: 2 } },
    });
    const remarks = "  /** @remarks at least 2 characters */\n";
    expect(types).toContain(`export interface A {\n${remarks}  b?: MyB | undefined;\n}`);
    expect(types).toContain(`  a?: A | undefined;\n${remarks}  b?: MyB | undefined;\n  c?: C | undefined;`);
    expect(open({ a: { b: "xx" }, b: "xx", c: null })).toBe(true);
    for (const value of [{ a: { b: "x" } }, { b: "x" }, { c: 1 }]) expect(open(value)).toBe(false);
  });

  test("leads to the whole schema, whose type gets a name", () => {
    const tree = { type: "object", properties: { kids: { type: "array", items: { $ref: "#" } } } };
    const { types, closed } = generated(tree);
    expect(types).toContain("export interface AStoreRequest {\n  kids?: AStoreRequest[] | undefined;\n}");
    expect(closed({ kids: [{ kids: [] }] })).toBe(true);
    expect(closed({ kids: [{ kids: [1] }] })).toBe(false);
    expect(generated({ ...tree, title: "Tree" }).types).toContain(
      "export interface Tree {\n  kids?: Tree[] | undefined;\n}",
    );
  });

  test("leads to the definitions of an embedded schema, without its own $id", () => {
    const embedded = { $defs: { A: { type: "number" } }, $ref: "#/$defs/A" };
    const { closed } = generated(Type.Object({ a: Type.Unsafe(embedded) }));
    expect([closed({ a: 1 }), closed({ a: "x" })]).toEqual([true, false]);
    const twice = { $defs: { A: { type: "string" } }, properties: { a: embedded } };
    expect(problems(twice)).toEqual([
      'ambiguous reference "#/$defs/A"; name the definitions of an embedded schema differently',
    ]);
  });

  test("to another document is refused", () => {
    const message =
      'unknown type "https://example.org/a.json"; a reference leads to a part of the same schema, such as "#/$defs/Name"';
    expect(problems({ $ref: "https://example.org/a.json" })).toEqual([message]);
    expect(problems({ $ref: "#/$defs/A" })[0]).toContain('unknown type "#/$defs/A"');
  });
});

describe("keywords of JSON Schema", () => {
  test("unevaluatedItems counts what the alternatives have evaluated", () => {
    const { open } = generated({
      type: "array",
      anyOf: [{ items: { type: "string" } }, true],
      unevaluatedItems: { type: "boolean" },
    });
    expect(["yes", "no"].map((text) => open([text, text]))).toEqual([true, true]);
    expect([open([true, false]), open([1, 2]), open(["a", true])]).toEqual([true, false, false]);
  });

  test("if without then, or alone, evaluates only what matches", () => {
    const condition = { properties: { a: { const: "x" } }, required: ["a"] };
    const withElse = generated({
      if: condition,
      else: { required: ["b"], properties: { b: true } },
      unevaluatedProperties: false,
    });
    const values = [{ a: "x" }, { b: 1 }, { a: "y", b: 1 }, { a: "x", b: 1 }];
    expect(values.map((value) => withElse.open(value))).toEqual([true, true, false, false]);
    const alone = generated({ if: condition, unevaluatedProperties: false });
    expect([{ a: "x" }, {}, { a: "y" }].map((value) => alone.open(value))).toEqual([true, true, false]);
  });

  test("uniqueItems without maxItems finds equal objects among a hundred thousand", { timeout: 20_000 }, () => {
    const { open } = generated(Type.Array(Type.Unknown(), { uniqueItems: true }));
    const many = Array.from({ length: 100_000 }, (_, id): unknown => ({ id, tags: ["a", { b: id }] }));
    expect(open(many)).toBe(true);
    expect(open([...many, { tags: ["a", { b: 7 }], id: 7 }])).toBe(false);
    expect(open.errors?.[0]).toMatchObject({ keyword: "uniqueItems", params: { i: 100_000, j: 7 } });
    expect([
      open([1, "1", true, "true", null, "null", [], {}]),
      open([[1], [1]]),
      open([{ a: 1 }, { a: [1] }]),
    ]).toEqual([true, false, true]);
    expect(generated(Type.Array(Type.String(), { uniqueItems: true })).open(["__proto__", "__proto__"])).toBe(false);
  });

  test("minContains and maxContains have their meaning", () => {
    const one = { type: "array", contains: { const: 1 } };
    const values = [[], [1], [1, 1], [1, 1, 1]];
    const verdicts = (schema: object): readonly boolean[] => values.map((value) => generated(schema).open(value));
    expect(verdicts(one)).toEqual([false, true, true, true]);
    expect(verdicts({ ...one, minContains: 2 })).toEqual([false, false, true, true]);
    expect(verdicts({ ...one, minContains: 0 })).toEqual([true, true, true, true]);
    expect(verdicts({ ...one, minContains: 0, maxContains: 1 })).toEqual([true, true, false, false]);
    expect(verdicts({ ...one, minContains: 3, maxContains: 2 })).toEqual([false, false, false, false]);
  });

  test("that are annotations of OpenAPI and editors are kept, and have no effect", () => {
    const { open } = generated({
      ...{
        type: "string",
        example: "a",
        markdownDescription: "*a*",
        "x-order": 1,
        discriminator: { propertyName: "a" },
      },
      ...{ enumDescriptions: [], externalDocs: {}, errorMessage: "no", defaultSnippets: [], nullable: false },
    });
    expect([open("a"), open(null)]).toEqual([true, false]);
  });

  test.each([
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    [{ then: { type: "string" } }, '"then" has no effect without "if"; add "if", or remove "then"'],
    [
      { type: "array", minContains: 1 },
      '"minContains" has no effect without "contains"; add "contains", or remove "minContains"',
    ],
    [
      { type: "array", items: {}, additionalItems: false },
      '"additionalItems" has no effect without an array of "items"; use "items" for the type of all items',
    ],
    [
      { nullable: true, $ref: "#/$defs/A", $defs: { A: {} } },
      '"nullable" is a keyword of OpenAPI, beside "type"; use Type.Union([..., Type.Null()])',
    ],
    [
      Type.String({ nullable: true }),
      '"nullable" is a keyword of OpenAPI, beside "type"; use Type.Union([..., Type.Null()])',
    ],
    [{ $dynamicRef: "#a" }, '"$dynamicRef" is not supported; write the schema without it'],
    [
      { $schema: "https://example.org/mine" },
      'unknown "$schema" "https://example.org/mine"; use JSON Schema 2019-09, which is the default',
    ],
    [{ exemple: 1 }, 'unknown JSON Schema 2019-09 keyword "exemple"; prefix your own annotations with "x-"'],
  ])("that would be ignored are refused: %j", (schema, message) => {
    expect(problems(schema)).toEqual([message]);
  });

  test("that would be ignored are refused with their place", async () => {
    const project = new Project({
      "schema/api.ts": `import Type from "typebox";
import { defineApi } from "sshrpc/schema";
export const List = Type.Object({
  all: Type.Array(Type.String(), { minContains: 1 }),
});
export default defineApi({ name: "test", version: "1.0.0", resources: { a: { GET: { response: List } } } });
`,
    });
    const error = await generate({ cwd: project.folder }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SchemaProblem);
    expect((error as SchemaProblem).message).toMatch(/^schema\/api\.ts:4:3: List\.all: "minContains" has no effect/);
  });
});

describe("what TypeScript says beyond JSON Schema", () => {
  const schema = `import Type from "typebox";
import { defineApi } from "sshrpc/schema";
import type { Point, UserId, Secret } from "./types.js";
export const Id = Type.Unsafe<UserId>({ type: "string" });
const Request = Type.Object({
  id: Type.Readonly(Id),
  tags: Type.Immutable(Type.Array(Type.String())),
  pair: Type.Immutable(Type.Tuple([Type.Number(), Type.Number()])),
  at: Type.Readonly(Type.Optional(Type.Unsafe<Point | null>({ type: ["object", "null"] }))),
  ids: Type.Array(Type.Unsafe<UserId>({ type: "string" })),
  secret: Type.Unsafe<Secret>({ type: "string" }),
  size: Type.Number({ default: 5, description: "In bytes." }),
});
export default defineApi({ name: "test", version: "1.0.0", resources: { a: { GET: { request: Request, response: Type.Null() } } } });
`;
  const types = `declare const brand: unique symbol;
export type UserId = string & { readonly __brand: "UserId" };
export interface Point { x: number; y?: number }
export type Secret = string & { readonly [brand]: true };
`;

  test("is in the generated type: read-only parts, brands and the type of Type.Unsafe", async () => {
    const project = new Project({ "schema/api.ts": schema, "schema/types.ts": types });
    await generate({ cwd: project.folder });
    const text = project.read("generated/types.d.ts");
    expect(text).toContain('export type Id = string & { readonly __brand: "UserId" };');
    for (const member of [
      "readonly id: Id;",
      "tags: readonly string[];",
      "pair: readonly [number, number];",
      "readonly at?: ({ x: number; y?: number } | null) | undefined;",
      'ids: (string & { readonly __brand: "UserId" })[];',
    ]) {
      expect(text).toContain(`  ${member}\n`);
    }
  });

  test("falls back to the type of the schema where generated code cannot name the type", async () => {
    const project = new Project({ "schema/api.ts": schema, "schema/types.ts": types });
    await generate({ cwd: project.folder });
    expect(project.read("generated/types.d.ts")).toContain("  secret: string;\n");
  });

  test("a default is documentation: the property stays required, and nothing fills it in", async () => {
    const project = new Project({ "schema/api.ts": schema, "schema/types.ts": types });
    await generate({ cwd: project.folder });
    expect(project.read("generated/types.d.ts")).toContain(
      "   * In bytes.\n   *\n   * @default 5\n   */\n  size: number;\n",
    );
    const { closed } = generated(Type.Object({ size: Type.Number({ default: 5 }) }));
    const value = {};
    expect([closed(value), value]).toEqual([false, {}]);
  });
});
