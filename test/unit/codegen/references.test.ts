import { join } from "node:path";
import { generate, SchemaProblem } from "@sshrpc/codegen";
import type { Method, Validator } from "sshrpc/generated";
import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { Project } from "./project.js";

const LINKED =
  'const M = Type.Module({ Node: Type.Object({ v: Type.Number(), next: Type.Optional(Type.Ref("Link")) }), Link: Type.Ref("Node") });';

/** A schema with `types` on line 3, and methods with `type` as request, items, response and error, from line 5. */
function schemaOf(types: string, type: string): string {
  return `import Type from "typebox";
import { defineApi } from "sshrpc/schema";
${types}
export default defineApi({ name: "test", version: "1.0.0", resources: { a: {
  STORE: { request: ${type}, response: Type.Null() },
  UPDATE: { requestStream: ${type}, response: Type.Null() },
  GET: { response: ${type}, errors: { CONFLICT: ${type} } },
  DELETE: { responseStream: ${type} },
} } });
`;
}

async function generated(types: string, type: string): Promise<Project> {
  const project = new Project({ "schema/api.ts": schemaOf(types, type) });
  await generate({ cwd: project.folder });
  return project;
}

const load = (project: Project, name: string) => import(/* @vite-ignore */ join(project.folder, "generated", name));

/** The first error of each generated validator of `type` for `value`, as `/path keyword`; empty where it is valid. */
async function verdicts(project: Project, value: unknown) {
  const { methods } = (await load(project, "api.js")).api as { readonly methods: readonly Method[] };
  const method = (verb: string) => methods.find((one) => one.verb === verb) as Method & Record<string, unknown>;
  const verdict = (validator: unknown): string => {
    const check = validator as Validator;
    if (check(value)) return "";
    const [error] = check.errors ?? [];
    return `${error?.instancePath} ${error?.keyword}`;
  };
  return {
    request: verdict(method("STORE").request),
    requestItem: verdict(method("UPDATE")["requestItem"]),
    response: verdict(method("GET").response),
    error: verdict(method("GET").errors?.CONFLICT),
    responseItem: verdict(method("DELETE")["responseItem"]),
  };
}

/** The verdict `closed` for requests, and `open` for responses and errors. */
function everywhere(closed: string, open = closed) {
  return { request: closed, requestItem: closed, response: open, error: open, responseItem: open };
}

async function problems(types: string, type: string): Promise<readonly string[]> {
  try {
    await generated(types, type);
  } catch (error) {
    if (error instanceof SchemaProblem) return error.message.split("\n");
    throw error;
  }
  return [];
}

test("a request is validated behind a definition that is only a Type.Ref, before a handler sees it", async () => {
  const project = await generated(LINKED, "M.Node");
  expect(project.read("generated/types.d.ts")).toContain("export type Link = Node;\n");
  const seen: unknown[] = [];
  const { defineHandlers } = await load(project, "server.js");
  const { connect } = await load(project, "client.js");
  const a = {
    store: (request: unknown) => {
      seen.push(request);
      return null;
    },
    update: () => null,
    get: () => ({ v: 1 }),
    delete: async function* () {},
  };
  await using client = await connect(inMemory(defineHandlers({ a })));
  const wrong = { v: 1, next: { v: "not a number", evil: true } };
  await expect(client.a.store(wrong)).rejects.toMatchObject({ status: "BAD_REQUEST" });
  expect(await client.a.store({ v: 1, next: { v: 2, next: { v: 3 } } })).toBe(null);
  expect(seen).toEqual([{ v: 1, next: { v: 2, next: { v: 3 } } }]);
});

test.each([
  ["in a module", LINKED, "M.Node"],
  ["that is used itself", LINKED, "M.Link"],
  [
    "in a chain",
    'const M = Type.Module({ A: Type.Ref("B"), B: Type.Ref("C"), C: Type.Object({ v: Type.Number(), next: Type.Optional(Type.Ref("A")) }) });',
    "M.A",
  ],
  [
    "at the root of a Type.Cyclic",
    'const C = Type.Cyclic({ A: Type.Ref("B"), B: Type.Object({ v: Type.Number(), next: Type.Optional(Type.Ref("A")) }) }, "A");',
    "C",
  ],
  [
    "at the root of a Type.Cyclic that is exported",
    'export const C = Type.Cyclic({ A: Type.Ref("B"), B: Type.Object({ v: Type.Number(), next: Type.Optional(Type.Ref("A")) }) }, "A");',
    "C",
  ],
  [
    "marked as optional and read-only",
    'const M = Type.Module({ A: Type.Object({ v: Type.Number(), next: Type.Optional(Type.Ref("B")) }), B: Type.Readonly(Type.Optional(Type.Ref("A"))) });',
    "M.A",
  ],
  [
    "in a union and an intersection",
    'const M = Type.Module({ A: Type.Intersect([Type.Object({ v: Type.Number() }), Type.Object({ next: Type.Optional(Type.Union([Type.Null(), Type.Ref("B")])) })]), B: Type.Ref("A") });',
    "M.A",
  ],
])("a definition that is only a Type.Ref is validated everywhere: %s", async (_where, types, type) => {
  const project = await generated(types, type);
  expect(project.read("generated/types.d.ts")).not.toContain("unknown;");
  expect(await verdicts(project, { v: 1, next: { v: 2 } })).toEqual(everywhere(""));
  const wrong = await verdicts(project, { v: 1, next: { v: "x" } });
  for (const verdict of Object.values(wrong)) expect(verdict).toMatch(/^\/next/);
  const more = await verdicts(project, { v: 1, next: { v: 2, evil: true } });
  for (const verdict of [more.request, more.requestItem]) expect(verdict).toMatch(/^\/next/);
  for (const verdict of [more.response, more.error, more.responseItem]) expect(verdict).toBe("");
});

test("a definition that is only a Type.Ref is validated in arrays", async () => {
  const types = 'const M = Type.Module({ A: Type.Object({ all: Type.Array(Type.Ref("B")) }), B: Type.Ref("A") });';
  const project = await generated(types, "M.A");
  expect(await verdicts(project, { all: [{ all: [] }] })).toEqual(everywhere(""));
  expect(await verdicts(project, { all: [{ all: 1 }] })).toEqual(everywhere("/all/0/all type"));
  expect(await verdicts(project, { all: [{ all: [], evil: 1 }] })).toEqual(
    everywhere("/all/0 additionalProperties", ""),
  );
});

test("keywords beside a Type.Ref apply, and its description is kept", async () => {
  const types =
    'const M = Type.Module({ A: Type.Object({ empty: Type.Optional(Type.Ref("A", { maxProperties: 0, description: "Nothing." })), name: Type.Optional(Type.Ref("B", { minLength: 3 })) }), B: Type.Ref("C"), C: Type.String() });';
  const project = await generated(types, "M.A");
  expect(project.read("generated/types.d.ts")).toContain(
    "  /**\n   * Nothing.\n   *\n   * @remarks at most 0 keys\n   */\n  empty?: A | undefined;\n  /** @remarks at least 3 characters */\n  name?: B |",
  );
  expect(await verdicts(project, { empty: {}, name: "abc" })).toEqual(everywhere(""));
  expect(await verdicts(project, { empty: { name: "abc" } })).toEqual(everywhere("/empty maxProperties"));
  expect(await verdicts(project, { empty: { evil: 1 } })).toEqual(everywhere("/empty maxProperties"));
  expect(await verdicts(project, { name: "ab" })).toEqual(everywhere("/name minLength"));
});

test.each([
  ["an inline", ""],
  ["an exported", "export "],
])("keywords of %s Type.Cyclic apply only to its root", async (_what, exported) => {
  const types = `${exported}const C = Type.Cyclic({ A: Type.Object({ a: Type.Optional(Type.Ref("A")) }) }, "A", { minProperties: 1, description: "Not empty." });`;
  const project = await generated(types, "C");
  expect(project.read("generated/types.d.ts")).toContain("/**\n * Not empty.\n *\n * @remarks at least 1 key\n */\n");
  expect(project.read("generated/client.d.ts")).not.toContain("UnaryMethodOptional<C,");
  expect(await verdicts(project, { a: {} })).toEqual(everywhere(""));
  expect(await verdicts(project, {})).toEqual(everywhere(" minProperties"));
});

test.each([
  ["a Type.Ref to itself", 'Type.Cyclic({ A: Type.Ref("A") }, "A")', "3:25: A: circular reference A → A"],
  ["two that refer to each other", 'Type.Module({ A: Type.Ref("B"), B: Type.Ref("A") }).A', "A → B → A"],
  [
    "a union of itself",
    'Type.Cyclic({ A: Type.Union([Type.String(), Type.Ref("A")]) }, "A")',
    "3:25: A: circular reference A → A",
  ],
  [
    "an intersection with itself",
    'Type.Cyclic({ A: Type.Intersect([Type.Object({}), Type.Ref("A")]) }, "A")',
    "3:25: A: circular reference A → A",
  ],
  [
    "many alternatives of itself",
    'Type.Cyclic({ A: Type.Union(Array.from({ length: 8 }, () => Type.Ref("A"))) }, "A")',
    "A → A",
  ],
])("refuses %s and names the alternatives", async (_what, type, message) => {
  const [line, ...more] = await problems(`const C = ${type};`, "C");
  expect(line).toContain(message);
  expect(line).toMatch(/^schema\/api\.ts:\d+:\d+: A: .*; a type can contain itself only in a property/);
  expect(more).toEqual([]);
});

const LOST = 'unknown type "A"; Type.Ref works only inside Type.Cyclic and Type.Module';

test.each([
  [
    "a part of a Type.Cyclic",
    'export const X = Type.Index(Type.Cyclic({ A: Type.Object({ n: Type.Ref("A") }) }, "A"), ["n"]);',
    LOST,
  ],
  ["an exported Type.Ref", 'export const X = Type.Ref("A");', LOST],
  ["a root that is not a definition", 'export const X = Type.Cyclic({ B: Type.Object({}) }, "A" as never);', LOST],
  [
    "a definition of another kind",
    'export const X = { $defs: { A: 5 }, $ref: "A" } as never;',
    "expected a TypeBox type, got a number",
  ],
  ["a reference of another kind", "export const X = Type.Unsafe({ $ref: 5 });", "unknown type 5; Type.Ref works only"],
  [
    "an unknown keyword",
    'export const X = Type.Cyclic({ A: Type.Object({}) }, "A", { minLenght: 3 } as never);',
    'unknown JSON Schema 2019-09 keyword "minLenght"',
  ],
  [
    "a check that is a function",
    'export const X = Type.Refine(Type.Cyclic({ A: Type.Object({}) }, "A"), () => true);',
    "the check of Type.Refine cannot be serialized",
  ],
  ["an empty array of types", "export const X = Type.Unsafe({ type: [] });", '"type" is an empty array'],
])("an invalid reference is refused: %s", async (_what, types, message) => {
  const lines = await problems(types, "X");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^schema\/api\.ts:3:\d+: [AX]: /);
  expect(lines[0]).toContain(message);
});
