import { RULES } from "@sshrpc/codegen/lint";
import { describe, expect, test } from "vitest";
import { generateInMemory } from "../../../support/schema/in-memory-schema.js";
import { sshrpc } from "../../runtime/cli/run.js";
import { Project, schemaOf } from "../project.js";

const NULL = "response: Type.Null()";
const BY_ID = `request: Type.Object({ id: Type.Integer() }), ${NULL}`;

/** What `lint` finds for one rule, without the file and the name of the rule. */
async function findings(rule: string, text: string): Promise<readonly string[]> {
  const project = new Project({ "schema/api.ts": text });
  const { stdout, stderr } = await sshrpc(["lint"], { cwd: project.folder });
  expect(stderr).toBe("");
  const lines = stdout.split("\n").filter((line) => line.endsWith(` (${rule})`));
  return lines.map((line) => line.slice("schema/api.ts:".length, -` (${rule})`.length));
}

interface Case {
  readonly rule: string;
  /** Resources, one a line from line 7. */
  readonly bad: readonly string[];
  readonly found: readonly string[];
  readonly good: readonly string[];
}

const CASES: readonly Case[] = [
  {
    rule: "resource-case",
    bad: [`"old-notes": { GET: { ${NULL} } }`, `Chat: { GET: { ${NULL} } }`],
    found: [
      "7:5: resources.old-notes: warning: the name old-notes is not in camel case; rename it to oldNotes",
      "8:5: resources.Chat: warning: the name Chat is not in camel case; rename it to chat",
    ],
    good: [`oldNotes: { GET: { ${NULL} } }`, `chat2: { GET: { ${NULL} } }`],
  },
  {
    rule: "path-case",
    bad: [
      `notes: { path: "/oldNotes", GET: { ${NULL} } }`,
      `b: { path: "/b_c/{userId}", GET: { request: Type.Object({ userId: Type.Integer() }), ${NULL} } }`,
    ],
    found: [
      "7:5: resources.notes: warning: the segment oldNotes of the path is not in lower case with hyphens; write old-notes",
      "8:5: resources.b: warning: the segment b_c of the path is not in lower case with hyphens; write b-c",
    ],
    good: [
      `notes: { path: "/old-notes/{userId}", GET: { request: Type.Object({ userId: Type.Integer() }), ${NULL} } }`,
    ],
  },
  {
    rule: "collection-number",
    bad: [
      `note: { path: "/notes/{id}", GET: { ${BY_ID} } }`,
      `tag: { path: "/tags/{id}", GET: { ${BY_ID} } }`,
      `file: { path: "/file/{id}", GET: { ${BY_ID} } }`,
    ],
    found: [
      "9:5: resources.file: warning: the collection file is in the singular, and most others are not; use one form",
    ],
    good: [
      `note: { path: "/notes/{id}", GET: { ${BY_ID} } }`,
      `config: { path: "/config/{id}", GET: { ${BY_ID} } }`,
      `search: { path: "/search/{id}", GET: { ${BY_ID} } }`,
      `named: { path: "/notes/by-number/{id}", STORE: { ${BY_ID} } }`,
    ],
  },
  {
    rule: "field-case",
    bad: [
      "a: { STORE: { request: Type.Object({ createdAt: Type.Null(), id: Type.Null()",
      "inner: Type.Array(Type.Object({ updated_at: Type.Null() })) }), response: Type.Null() } }",
    ],
    found: [
      "8:37: resources.a.STORE.request.inner[].updated_at: warning: the field updated_at is not in camelCase, as most fields are; rename it",
    ],
    good: [
      `a: { STORE: { request: Type.Object({ created_at: Type.Null(), id: Type.Null(), _links: Type.Null() }), ${NULL} } }`,
    ],
  },
  {
    rule: "undocumented-resource",
    bad: [`a: { GET: { ${NULL} } }`],
    found: ["7:5: resources.a: warning: no description; write a comment /** … */ above it"],
    good: [`/** A. */\na: { GET: { ${NULL} } }`, `b: { description: "B.", GET: { ${NULL} } }`],
  },
  {
    rule: "undocumented-method",
    bad: [`a: { GET: { ${NULL} } }`],
    found: ["7:10: resources.a.GET: warning: no description; write a comment /** … */ above it"],
    good: [`a: {\n/** Reads. */\nGET: { ${NULL} }, STORE: { description: "Adds.", ${NULL} } }`],
  },
  {
    rule: "missing-scope",
    bad: [`a: { GET: { ${NULL}, scope: "a:read" }, DELETE: { ${NULL} } }`],
    found: [
      '7:59: resources.a.DELETE: error: no scope, so that every key may call it, and resources.a.GET has one; add scope: "a:write"',
    ],
    good: [`a: { GET: { ${NULL} }, DELETE: { ${NULL}, scope: "a" } }`],
  },
  {
    rule: "get-side-effect",
    bad: [
      `resetCounter: { GET: { ${NULL} } }`,
      `a: {\n/** Deletes all. */\nGET: { ${NULL} } }`,
      `b: {\n/** Stores the value. */\nGET: { ${NULL} } }`,
    ],
    found: [
      "7:21: resources.resetCounter.GET: warning: the name resetCounter says that this GET changes something, and clients send a GET again; use STORE, UPDATE or DELETE",
      '10:1: resources.a.GET: warning: "Deletes" in the description says that this GET changes something, and clients send a GET again; use STORE, UPDATE or DELETE',
      '13:1: resources.b.GET: warning: "Stores" in the description says that this GET changes something, and clients send a GET again; use STORE, UPDATE or DELETE',
    ],
    good: [
      `settings: { GET: { ${NULL} } }`,
      `post: {\n/** Posts, newest first. */\nGET: { ${NULL} } }`,
      `store: {\n/** Stores near a place. */\nGET: { ${NULL} } }`,
      `uploadUrl: {\n/** Uploads and their addresses. */\nGET: { ${NULL} } }`,
      `moves: {\n/** Moves so far. */\nGET: { ${NULL} } }`,
      `updates: {\n/** Changes since a revision. */\nGET: { ${NULL} } }`,
      `createNote: { STORE: { ${NULL} } }`,
    ],
  },
  {
    rule: "unbounded-string",
    bad: [
      `a: { STORE: { request: Type.Object({ email: Type.String(), inner: Type.Object({ x: Type.Null()`,
      `text: Type.Union([Type.String(), Type.Null()]) }), codes: Type.Array(Type.String({ pattern: "^[a-z]+$" })) }), ${NULL} } }`,
      "b: { STORE: { requestStream: Type.String({ minLength: 2000 }), response: Type.Null() } }",
    ],
    found: [
      "7:42: resources.a.STORE.request.email: warning: unbounded string; add a bound, such as maxLength: 254",
      "8:1: resources.a.STORE.request.inner.text: warning: unbounded string; add a bound, such as maxLength: 10000".replace(
        "8:1",
        "8:5",
      ),
      "8:56: resources.a.STORE.request.codes[]: warning: unbounded string; add a bound, such as maxLength: 128",
      "9:19: resources.b.STORE.requestStream: warning: unbounded string; add a bound, such as maxLength: 2000",
    ],
    good: [
      'a: { STORE: { request: Type.Object({ a: Type.String({ maxLength: 5 }), b: Type.Literal("b"), c: Type.Enum(["c"])',
      'f: Type.String({ pattern: "^(?=.*\\\\d)[a-z\\\\d]{8,64}$" }), g: Type.String({ pattern: "^((EU|US)|INT)-\\\\d{4,8}$" })',
      'd: Type.String({ format: "uuid" }), e: Type.String({ pattern: "^[0-9a-f]{64}$" }) }), response: Type.String() } }',
    ],
  },
  {
    rule: "unbounded-array",
    bad: [`a: { STORE: { request: Type.Object({ list: Type.Array(Type.Null()) }), ${NULL} } }`],
    found: ["7:42: resources.a.STORE.request.list: warning: unbounded array; add a bound, such as maxItems: 100"],
    good: [
      "a: { STORE: { request: Type.Object({ list: Type.Array(Type.Null(), { maxItems: 9 })",
      "pair: Type.Tuple([Type.Null(), Type.Null()]) }), response: Type.Array(Type.Null()) } }",
    ],
  },
  {
    rule: "backtracking-pattern",
    bad: [
      'a: { STORE: { request: Type.Object({ x: Type.String({ pattern: "^(a+)+$", maxLength: 40 })',
      'y: Type.String({ pattern: "^(?:\\\\w|\\\\d)*$" }), z: Type.String({ pattern: "^a*a*$" })',
      'foo: Type.String({ pattern: "^(?:foo|foobar|bar)*$" }), digits: Type.String({ pattern: "^(?:\\\\d|\\\\d\\\\d)+$" }) }), response: Type.Null() } }',
    ],
    found: [
      "7:42: resources.a.STORE.request.x: error: the pattern ^(a+)+$ backtracks in exponential time at a+; rewrite it, so that each character can match in one place only",
      "8:5: resources.a.STORE.request.y: error: the pattern ^(?:\\w|\\d)*$ backtracks in exponential time at (?:\\w|\\d)*; rewrite it, so that each character can match in one place only",
      "8:52: resources.a.STORE.request.z: error: the pattern ^a*a*$ backtracks in polynomial time at a*; rewrite it, or add maxLength: 1000 or less",
      "9:5: resources.a.STORE.request.foo: error: the pattern ^(?:foo|foobar|bar)*$ backtracks in exponential time at (?:foo|foobar|bar)*; rewrite it, so that each character can match in one place only",
      "9:61: resources.a.STORE.request.digits: error: the pattern ^(?:\\d|\\d\\d)+$ backtracks in exponential time at (?:\\d|\\d\\d)+; rewrite it, so that each character can match in one place only",
    ],
    good: [
      'a: { STORE: { request: Type.Object({ x: Type.String({ pattern: "^[a-z]+(-[a-z]+)*$" })',
      'y: Type.String({ pattern: "^(?:a|b)*$" }), z: Type.String({ pattern: "^a*a*$", maxLength: 1000 })',
      'w: Type.String({ pattern: "^(?:ab|abc)*$" }), v: Type.String({ pattern: "^(?:a|b?)*$" }) }), response: Type.Null() } }',
    ],
  },
];

describe.each(CASES)("$rule", ({ rule, bad, found, good }) => {
  test("finds a bad schema, with line and column", async () => {
    expect(await findings(rule, schemaOf(...bad))).toEqual(found);
  });

  test("accepts a good schema", async () => {
    expect(await findings(rule, schemaOf(...good))).toEqual([]);
  });
});

describe("unused-type", () => {
  const api = (types: string) =>
    `import Type from "typebox";\n${types}\nexport default { name: "t", version: "1", resources: { a: { GET: { response: Note } } } };\n`;

  test("finds an exported type that no method and no other type uses", async () => {
    const types =
      "export const Note = Type.Object({ text: Type.String() });\nexport const NoteList = Type.Array(Note);";
    expect(await findings("unused-type", api(types))).toEqual([
      "3:14: NoteList: warning: no method uses the exported type NoteList; use it, or remove it",
    ]);
  });

  test("accepts types that others are made of", async () => {
    const types = "export const Base = { text: Type.String() };\nexport const Id = Type.Object({ id: Type.Null() });\n";
    expect(
      await findings("unused-type", api(`${types}export const Note = Type.Object({ ...Base, ...Id.properties });`)),
    ).toEqual([]);
  });
});

test("every rule about schemas has a bad and a good example in its explanation, and a test here", () => {
  expect([...CASES.map(({ rule }) => rule), "unused-type", "invalid-ignore", "unused-ignore"].sort()).toEqual(
    RULES.map(({ id }) => id).sort(),
  );
  for (const { explanation } of RULES) expect(explanation).toMatch(/\n\nBad: [\s\S]*\nGood: [\s\S]*\n\nFix: /);
});

test.each([
  ["a comment before the code of its line", "// sshrpc-lint-ignore missing-scope: open\n/** Adds. */ STORE:"],
  ["a block comment", "/* sshrpc-lint-ignore missing-scope: open */\nSTORE:"],
  ["a block comment in its line", "/* sshrpc-lint-ignore missing-scope: open */ STORE:"],
  ["a comment of several lines", "// sshrpc-lint-ignore missing-scope: open\n/*\nAdds.\n*/\nSTORE:"],
])("an ignore is about the next line of code: %s", async (_, store) => {
  const methods = `GET: { ${NULL}, scope: "a:read" },\n${store} { ${NULL} },\nDELETE: { ${NULL} }`;
  const text = schemaOf(`a: { ${methods} }`);
  expect(await findings("missing-scope", text)).toEqual([expect.stringMatching(/: resources\.a\.DELETE: /)]);
  expect(await findings("unused-ignore", text)).toEqual([]);
});

test("an ignore of the config names any path of a declaration that several types share", async () => {
  const text = `import Type from "typebox";
const shared = { note: Type.String() };
const A = Type.Object(shared);
const B = Type.Object(shared);
export default { name: "t", version: "1", resources: { a: { STORE: { request: A, response: Type.Null() }, UPDATE: { request: B, response: Type.Null() } } } };
`;
  for (const verb of ["STORE", "UPDATE"]) {
    const ignore = [{ rule: "unbounded-string", path: `resources.a.${verb}.request.note`, reason: "short" }];
    const project = new Project({ "schema/api.ts": text, "sshrpc.config.json": JSON.stringify({ lint: { ignore } }) });
    const { stdout } = await sshrpc(["lint"], { cwd: project.folder });
    expect(stdout).not.toMatch(/unbounded-string|unused-ignore/);
  }
});

test("callbacks need no scope, and the server receives their responses", async () => {
  const callbacks =
    "callbacks: { b: { GET: { response: Type.String() }, STORE: { request: Type.String(), response: Type.Null() } } },";
  const text = schemaOf(`a: { GET: { ${NULL}, scope: "a" } }`).replace("  resources:", `  ${callbacks}\n  resources:`);
  expect(await findings("missing-scope", text)).toEqual([]);
  expect(await findings("unbounded-string", text)).toEqual([
    "6:28: callbacks.b.GET.response: warning: unbounded string; add a bound, such as maxLength: 1000",
  ]);
});

test("a type that contains itself is searched once, and a copied property is found once", async () => {
  const text = `import Type from "typebox";
export const Tree = Type.Cyclic({ Node: Type.Object({ label: Type.String(), children: Type.Array(Type.Ref("Node")) }) }, "Node");
const Part = Type.Pick(Type.Object({ name: Type.String() }), ["name"]);
export default { name: "t", version: "1", resources: { a: { GET: { request: Tree, response: Tree }, STORE: { request: Part, response: Part } } } };
`;
  expect(await findings("unbounded-string", text)).toEqual([
    "2:55: Tree.label: warning: unbounded string; add a bound, such as maxLength: 255",
    expect.stringMatching(/resources\.a\.STORE\.request\.name: /),
  ]);
  expect(await findings("unbounded-array", text)).toHaveLength(1);
});

test("schemas of conditions and of property names need no bounds", async () => {
  const type =
    'Type.Unsafe({ type: "object", not: { properties: { a: { type: "string" } } }, propertyNames: { type: "string" } })';
  expect(await findings("unbounded-string", schemaOf(`a: { STORE: { request: ${type}, ${NULL} } }`))).toEqual([]);
});

test("1,000 methods are checked in one run", async () => {
  const types = Array.from(
    { length: 250 },
    (_, index) =>
      `r${index}: { GET: { ${NULL} }, STORE: { request: Type.String(), ${NULL} }, UPDATE: { ${NULL} }, DELETE: { ${NULL} } }`,
  );
  expect(await findings("unbounded-string", schemaOf(...types))).toHaveLength(250);
}, 60_000);

test("a validator does not try a pattern on a text over maxLength, which the rule about patterns relies on", () => {
  const text = { type: "string", pattern: "^(a|a)*$", maxLength: 10 };
  const generated = generateInMemory({ type: "object", properties: { text }, required: ["text"] });
  if (!("closed" in generated)) throw new Error("the schema is refused");
  expect(generated.closed({ text: `${"a".repeat(100)}!` })).toBe(false);
  expect(generated.closed.errors?.map(({ keyword }) => keyword)).toEqual(["maxLength"]);
});
