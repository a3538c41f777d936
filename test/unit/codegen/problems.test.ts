import { generate, SchemaProblem } from "@sshrpc/codegen";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { describe, expect, test } from "vitest";
import { Project, schemaOf } from "./project.js";

const NULL = "response: Type.Null()";

/** The lines that `gen` prints for a schema that it refuses. */
async function problemsOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const project = new Project(files);
  try {
    await generate({ cwd: project.folder });
  } catch (error) {
    if (error instanceof SchemaProblem) return error.message.split("\n");
    throw error;
  }
  return [];
}

/** The same for a schema with these resources, from line 7. */
function refused(...resources: readonly string[]): Promise<readonly string[]> {
  return problemsOf({ "schema/api.ts": schemaOf(...resources) });
}

const VERBS = "GET, STORE, UPDATE, DELETE";
const ERRORS =
  "BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, CONFLICT, PRECONDITION_FAILED, " +
  "MESSAGE_TOO_LARGE, RESOURCE_EXHAUSTED, CANCELLED, INTERNAL, UNIMPLEMENTED, UNAVAILABLE, DEADLINE_EXCEEDED, INTERRUPTED";

test("a valid schema is accepted", async () => {
  expect(await refused(`a: { GET: { ${NULL} } }`)).toEqual([]);
});

test("a missing schema file is reported with its name", async () => {
  expect(await problemsOf({})).toEqual(["schema/api.ts:1:1: no such file; name the schema with --schema"]);
});

test("a folder in place of the schema file is reported", async () => {
  expect(await problemsOf({ "schema/api.ts/other.ts": "" })).toEqual([
    "schema/api.ts:1:1: a folder; name the file of the schema in it, such as api.ts",
  ]);
});

test("a syntax error is reported at its position, also in an imported file", async () => {
  expect(await problemsOf({ "schema/api.ts": "export default {\n  name: ;\n};" })).toEqual([
    "schema/api.ts:2:9: Expression expected.",
  ]);
  const files = { "schema/api.ts": 'import "./other.js";\nexport default 1;', "schema/other.ts": "\nconst = 1;" };
  expect(await problemsOf(files)).toContain("schema/other.ts:2:7: Variable declaration expected.");
});

test("an unresolvable import is reported at its specifier", async () => {
  expect(await problemsOf({ "schema/api.ts": 'import { x } from "./nope.js";\nexport default x;' })).toEqual([
    'schema/api.ts:1:19: cannot resolve the import "./nope.js"',
  ]);
  expect(await problemsOf({ "schema/api.ts": 'import x from "no-such-package";\nexport default x.y;' })).toEqual([
    "schema/api.ts:1:15: Error: Cannot find module 'no-such-package'",
  ]);
});

test("a module without an API as its default export is refused", async () => {
  expect(await problemsOf({ "schema/api.ts": "export const a = 1;" })).toEqual([
    "schema/api.ts:1:1: missing default export; write `export default defineApi({ ... })`",
  ]);
  expect(await problemsOf({ "schema/api.ts": "\nexport default 5;" })).toEqual([
    "schema/api.ts:2:1: the default export is not an API; write `export default defineApi({ ... })`",
  ]);
});

test("control characters of a name cannot break a line, or reach a terminal", async () => {
  const text = "export default {\n  name: 'x', version: '1',\n  resources: { 'a\\n\\u001b[2J': {} },\n};";
  for (const line of await problemsOf({ "schema/api.ts": text }))
    expect(line).toMatch(/^schema\/api\.ts:\d+:\d+: \P{Cc}+$/u);
});

test("a schema in a JavaScript module, which Node runs itself, is refused with what to do", async () => {
  const project = new Project({ "schema/api.mjs": "export default { name: 'a', version: '1', resources: {} };" });
  await expect(generate({ cwd: project.folder, schema: "schema/api.mjs" })).rejects.toThrow(
    "schema/api.mjs:1:1: a schema cannot be an ES module in JavaScript; rename the file to .ts",
  );
});

test("an API without a name, version or resources, or with an unknown option, is refused", async () => {
  const text = "export default {\n  name: '5x',\n  version: '',\n  extra: 1,\n  resources: 5,\n};";
  expect(await problemsOf({ "schema/api.ts": text })).toEqual([
    'schema/api.ts:2:3: name: missing or invalid API name; it must begin with a letter, such as `name: "notes"`',
    'schema/api.ts:3:3: version: missing API version; add one, such as `version: "1.0.0"`',
    'schema/api.ts:4:3: extra: unknown API option "extra"; known options: name, version, description, resources, callbacks, reserved',
    "schema/api.ts:5:3: resources: expected an object of resources by name",
  ]);
  expect(await refused()).toEqual(["schema/api.ts:6:3: resources: no resources; declare at least one"]);
});

test("a resource or a callback with a reserved name or path is refused", async () => {
  const api = (reserved: string) =>
    schemaOf(
      `"old-notes": { path: "/x", GET: { ${NULL} } }`,
      `note: { path: "/notes/{id}", GET: { request: Type.Object({ id: Type.String() }), ${NULL} } }`,
    ).replace("  resources:", `  reserved: ${reserved}, callbacks: { gone: { GET: { ${NULL} } } },\n  resources:`);
  const at = "(schema/api.ts:6)";
  expect(await problemsOf({ "schema/api.ts": api('["oldNotes", "/notes/latest", "gone"]') })).toEqual([
    `schema/api.ts:6:65: callbacks.gone: the name gone is reserved ${at} since a resource with it was removed; choose another one`,
    `schema/api.ts:8:5: resources.old-notes: the name oldNotes is reserved ${at} since a resource with it was removed; choose another one`,
    `schema/api.ts:9:13: resources.note: the path /notes/latest is reserved ${at} since a resource with it was removed; choose another one`,
  ]);
  expect(await problemsOf({ "schema/api.ts": api('["/a b"]') })).toEqual([
    'schema/api.ts:6:14: reserved[0]: invalid path "/a b"',
  ]);
  expect(await problemsOf({ "schema/api.ts": api("[5]") })).toEqual([
    'schema/api.ts:6:3: reserved: expected an array of the names or paths of removed resources, such as ["oldNotes"]',
  ]);
});

test("an exception of the schema module is reported where it was thrown", async () => {
  const text = "const a = 1;\nconst f = () => {\n  throw new TypeError('boom');\n};\nf();\nexport default 1;";
  expect(await problemsOf({ "schema/api.ts": text })).toEqual(["schema/api.ts:3:9: TypeError: boom"]);
});

test("two resources whose paths can match the same string are refused", async () => {
  expect(await refused(`a: { path: "/x", GET: { ${NULL} } }`, `b: { path: "/x", STORE: { ${NULL} } }`)).toEqual([
    'schema/api.ts:8:10: resources.b: resources.a also has the path "/x"; change one',
  ]);
  const ref = "request: Type.Object({ id: Type.String() })";
  expect(
    await refused(`a: { path: "/x/{id}", GET: { ${ref}, ${NULL} } }`, `b: { path: "/x/recent", GET: { ${NULL} } }`),
  ).toEqual([
    'schema/api.ts:8:10: resources.b: some paths match both "/x/recent" and "/x/{id}" of resources.a; change one',
  ]);
});

test("an unknown verb and an unknown option are refused at their keys", async () => {
  expect(await refused(`a: { POST: { ${NULL} } }`, `b: { GET: { ${NULL} }, paths: "/b" }`)).toEqual([
    `schema/api.ts:7:10: resources.a.POST: unknown verb POST; write STORE (known verbs: ${VERBS})`,
    `schema/api.ts:8:42: resources.b.paths: unknown resource option "paths" (did you mean "path"?); known options: path, description, deprecated, since, reserved, ${VERBS}`,
  ]);
  expect(await refused(`a: { GET: { ${NULL}, scopes: "x" } }`)).toEqual([
    'schema/api.ts:7:40: resources.a.GET.scopes: unknown method option "scopes" (did you mean "scope"?); known options: request, requestStream, ' +
      "response, responseStream, errors, scope, idempotent, onInterrupt, timeout, description, deprecated, since",
  ]);
});

test("a path parameter must be a required field of the request, of a type that a path can represent", async () => {
  const object = (field: string) => `request: Type.Object({ id: ${field} }), ${NULL}`;
  expect(
    await refused(
      `a: { path: "/a/{id}", GET: { ${NULL} } }`,
      `b: { path: "/b/{id}", GET: { ${object("Type.Optional(Type.String())")} } }`,
      `c: { path: "/c/{id}", GET: { ${object("Type.Array(Type.String())")} } }`,
      `d: { path: "/d/{id}", GET: { ${object("Type.Union([Type.String(), Type.Integer()])")} } }`,
    ),
  ).toEqual([
    "schema/api.ts:7:27: resources.a.GET: the request has no field for the path parameter {id}; add it",
    "schema/api.ts:8:27: resources.b.GET: the field of the path parameter {id} is optional; make it required",
    "schema/api.ts:9:27: resources.c.GET: the path parameter {id} must be a string, an integer, a number or a boolean in the request",
    "schema/api.ts:10:27: resources.d.GET: the path parameter {id} must be a string, an integer, a number or a boolean in the request",
  ]);
});

test("an invalid path is refused", async () => {
  expect(await refused(`a: { path: "a", GET: { ${NULL} } }`, `b: { path: "/b/{id}/{id}", GET: { ${NULL} } }`)).toEqual([
    'schema/api.ts:7:10: resources.a: path "a": must start with "/"',
    'schema/api.ts:8:10: resources.b: path "/b/{id}/{id}": {id} occurs twice; give each its own name',
  ]);
});

test("a type that JSON cannot carry is refused, at any depth", async () => {
  const at = (type: string) =>
    refused(`a: {\n  GET: {\n    request: Type.Object({\n      x: ${type},\n    }), ${NULL} } }`);
  const cases: readonly [string, string][] = [
    ["Type.BigInt()", ".x: JSON cannot carry bigint; use Type.Integer(), or Type.String() for numbers beyond 2^53"],
    ["Type.Literal(5n)", ".x: JSON cannot carry bigint; use Type.Integer(), or Type.String() for numbers beyond 2^53"],
    [
      "Type.Undefined()",
      ".x: JSON cannot carry undefined; use Type.Optional(...) for a property that may be absent, or Type.Null()",
    ],
    ["Type.Void()", ".x: JSON cannot carry void; use Type.Null()"],
    ["Type.Function([], Type.Null())", ".x: JSON cannot carry function; declare a method"],
    ["Type.Symbol()", '.x: JSON cannot carry symbol; use Type.Literal("...")'],
    ['Type.Unsafe({ type: "Date" })', '.x: JSON cannot carry Date; use Type.String({ format: "date-time" })'],
    [
      "Type.Refine(Type.String(), () => true)",
      ".x: the check of Type.Refine cannot be serialized; use JSON Schema keywords",
    ],
    ["Type.Number({ minimum: Infinity })", '.x: "minimum" is Infinity, which JSON cannot carry'],
    ["Type.String({ default: new Date() })", '.x: "default" is an instance of Date, which JSON cannot carry'],
    [
      "Type.String({ minLenght: 3 })",
      '.x: unknown JSON Schema 2019-09 keyword "minLenght"; prefix your own annotations with "x-"',
    ],
    ["Type.Ref('X')", '.x: unknown type "X"; Type.Ref works only inside Type.Cyclic and Type.Module'],
    [
      "undefined",
      ".x: expected a TypeBox type, got undefined; check for a misspelled import or files that import each other",
    ],
    ['Type.Unsafe({ type: "string", minLength: "3" })', '.x: "minLength" must be a non-negative integer'],
    ["Type.Enum([])", '.x: "enum" must be a non-empty array'],
    ["Type.String({ deprecated: 5 })", '.x: "deprecated" must be true, false or the reason'],
    [
      "Type.String({ reserved: ['y'] })",
      '.x: "reserved" has no effect without "properties"; add "properties", or remove "reserved"',
    ],
    ["Type.Object({}, { reserved: [5] })", '.x: "reserved" must be an array of the names of removed properties'],
    ["5", ".x: expected a TypeBox type, got a number"],
  ];
  for (const [type, problem] of cases) {
    expect(await at(type)).toEqual([`schema/api.ts:10:7: resources.a.GET.request${problem}`]);
  }
  expect((await at('Type.String({ format: "nope" })'))[0]).toMatch(
    /^schema\/api\.ts:10:7: .*\.x: unknown format "nope"; known formats: /,
  );
  expect((await at('Type.String({ format: "url" })'))[0]).toMatch(
    /format "url" takes time quadratic in the length of the text; use "uri"$/,
  );
  expect((await at('Type.String({ pattern: "(" })'))[0]).toMatch(/^schema\/api\.ts:10:7: .*\.x: invalid "pattern": /);
  expect(await at("Type.Array(Type.Tuple([Type.Null(), Type.BigInt()]))")).toEqual([
    "schema/api.ts:10:46: resources.a.GET.request.x[][1]: JSON cannot carry bigint; use Type.Integer(), or Type.String() for numbers beyond 2^53",
  ]);
  expect(await at("Type.Union([Type.Null(), Type.Record(Type.String(), Type.BigInt())])")).toEqual([
    expect.stringMatching(
      /^schema\/api\.ts:10:62: resources\.a\.GET\.request\.x\.anyOf\[1\]\[\*\]: JSON cannot carry bigint/,
    ),
  ]);
});

test.each([
  ["new Date()", "an instance of Date"],
  ['new URL("http://localhost")', "an instance of URL"],
  ["new Map()", "an instance of Map"],
  ["/x/", "an instance of RegExp"],
  ["new (class Note {})()", "an instance of Note"],
])("refuses an instance of a class as a type: %s", async (value, what) => {
  const problem = `expected a TypeBox type, got ${what}, which JSON cannot carry`;
  expect(
    await refused(
      `a: { GET: { response: ${value} as never } }`,
      `b: { GET: { response: Type.Object({ x: ${value} as never }) } }`,
    ),
  ).toEqual([
    `schema/api.ts:7:17: resources.a.GET.response: ${problem}`,
    `schema/api.ts:8:41: resources.b.GET.response.x: ${problem}`,
  ]);
});

test("a type or a default that contains itself is refused; a type that is used twice is accepted", async () => {
  const withHead = (head: string, ...resources: readonly string[]) =>
    problemsOf({ "schema/api.ts": `${schemaOf(...resources)}${head}\n` });
  const knot =
    "function knot(key: string): any { const made: any = { type: 'object' }; made[key] = made; return made; }";
  const tree =
    "function tree(): any { const made: any = Type.Object({ a: Type.Object({}) }); made.properties.a.properties.up = made; return made; }";
  expect(
    await withHead(
      `${knot}\n${tree}`,
      "a: { GET: { response: knot('items') } }",
      "b: { GET: { response: tree() } }",
      `c: { GET: { ${NULL}, request: Type.Object({ x: Type.Unsafe({ default: knot("me") }) }) } }`,
    ),
  ).toEqual([
    "schema/api.ts:7:17: resources.a.GET.response[]: the type contains itself; use Type.Cyclic",
    "schema/api.ts:8:17: resources.b.GET.response.a.up: the type contains itself; use Type.Cyclic",
    'schema/api.ts:9:63: resources.c.GET.request.x: "default" at me is a value that contains itself, which JSON cannot carry',
  ]);
  const cyclic =
    "function cyclic(): any { const made: any = Type.Cyclic({ A: Type.Object({}) }, 'A'); made.$defs.A.properties.x = made; return made; }";
  expect(await withHead(cyclic, "a: { GET: { response: cyclic() } }")).toEqual([
    expect.stringMatching(/^schema\/api\.ts:7:\d+: A\.x: the type contains itself; use Type\.Cyclic$/),
  ]);
  const shared = "function twice(): any { const one = Type.Object({}); return Type.Object({ a: one, b: one }); }";
  expect(await withHead(shared, "a: { GET: { response: twice() } }")).toEqual([]);
});

test("a type that JSON cannot carry is reported where it is declared, also in another file", async () => {
  const files = {
    "schema/api.ts":
      'import Type from "typebox";\nimport { Note } from "./notes.js";\n' +
      'export default { name: "t", version: "1", resources: { a: { GET: { response: Type.Array(Note) } } } };',
    "schema/notes.ts":
      'import Type from "typebox";\nexport const Note = Type.Object({\n  at: Type.Optional(Type.BigInt()),\n});',
  };
  expect(await problemsOf(files)).toEqual([
    "schema/notes.ts:3:3: Note.at: JSON cannot carry bigint; use Type.Integer(), or Type.String() for numbers beyond 2^53",
  ]);
});

test("names that collide in generated code are refused", async () => {
  expect(
    await refused(`"foo-bar": { GET: { ${NULL} } }`, `fooBar: { GET: { ${NULL} } }`, `"1x": { GET: { ${NULL} } }`),
  ).toEqual([
    "schema/api.ts:8:5: resources.fooBar: generated code calls both this resource and resources.foo-bar fooBar; rename one",
    'schema/api.ts:9:5: resources.1x: invalid resource name "1x"; it must begin with a letter',
  ]);
  const types = (first: string, second: string) => ({
    "schema/api.ts":
      'import Type from "typebox";\nimport * as other from "./other.js";\n' +
      `export const Note = ${first};\n` +
      'export default { name: "t", version: "1", resources: { a: { GET: { request: Note, response: other.Note } } } };',
    "schema/other.ts": `import Type from "typebox";\n\nexport const Note = ${second};`,
  });
  expect(await problemsOf(types("Type.Object({})", "Type.Object({ a: Type.Null() })"))).toEqual([
    "schema/other.ts:3:14: Note: another schema, at schema/api.ts:3, also has the type name Note; rename one",
  ]);
  expect(await problemsOf(types("Type.Object({})", "Type.Object({})"))).toEqual([]);
});

test("a schema with a name that generated code declares is refused", async () => {
  const text =
    'import Type from "typebox";\nexport const AGetRequest = Type.Object({ x: Type.Null() });\n' +
    'export default { name: "t", version: "1", resources: { a: { GET: { request: Type.Object({ y: AGetRequest }), response: Type.Null() } } } };';
  expect(await problemsOf({ "schema/api.ts": text })).toEqual([
    "schema/api.ts:2:14: AGetRequest: generated code declares AGetRequest for resources.a.GET.request; rename this schema",
  ]);
});

test.each([
  "close",
  "then",
  "catch",
  "finally",
  "constructor",
  "prototype",
  "__proto__",
  "toString",
  "valueOf",
  "toJSON",
  "ssh",
  "state",
  "on",
])("the resource name %s is refused", async (name) => {
  expect(await refused(`["${name}"]: { GET: { ${NULL} } }`)).toEqual([
    `schema/api.ts:7:5: resources.${name}: the name ${name} is a member of every client or of every JavaScript object; rename the resource`,
  ]);
});

test("a reserved word can name a resource but not a type", async () => {
  expect(await refused(`class: { GET: { ${NULL} } }`)).toEqual([]);
  const text =
    'import Type from "typebox";\nconst Note = Type.Object({});\nexport { Note as class };\n' +
    'export default { name: "t", version: "1", resources: { a: { GET: { response: Note } } } };';
  expect(await problemsOf({ "schema/api.ts": text })).toEqual([
    "schema/api.ts:2:7: class: the name class is a reserved word of TypeScript; rename the schema",
  ]);
});

test("errors must be statuses other than OK", async () => {
  expect(await refused(`a: { GET: { ${NULL}, errors: { OK: Type.Null(), TEAPOT: Type.Null() } } }`)).toEqual([
    `schema/api.ts:7:50: resources.a.GET.errors.OK: OK is not an error; known errors: ${ERRORS}`,
    `schema/api.ts:7:67: resources.a.GET.errors.TEAPOT: unknown status TEAPOT; known errors: ${ERRORS}`,
  ]);
});

test("invalid limits are refused", async () => {
  expect(
    await refused(
      `a: { GET: { ${NULL}, timeout: 0, scope: "", idempotent: 1 } }`,
      `b: { GET: { ${NULL}, timeout: 1.5 } }`,
    ),
  ).toEqual([
    "schema/api.ts:7:40: resources.a.GET.timeout: invalid timeout 0; use a whole number of ms from 1 to 2147483647",
    'schema/api.ts:7:52: resources.a.GET.scope: invalid scope; use a name without spaces, commas, quotes or *, such as "notes:read"',
    "schema/api.ts:7:63: resources.a.GET.idempotent: expected true or false",
    "schema/api.ts:8:40: resources.b.GET.timeout: invalid timeout 1.5; use a whole number of ms from 1 to 2147483647",
  ]);
});

test("a method without a response, and a resource without a method, are refused", async () => {
  expect(
    await refused("a: { GET: { request: Type.Object({}) } }", 'b: { path: "/b" }', "c: 5", "d: { GET: 5 }"),
  ).toEqual([
    "schema/api.ts:7:10: resources.a.GET: missing response; add `response`, such as Type.Null(), or `responseStream`",
    `schema/api.ts:8:5: resources.b: no methods; add at least one of ${VERBS}`,
    "schema/api.ts:9:5: resources.c: expected an object of verbs, such as `{ GET: { response: Note } }`",
    "schema/api.ts:10:10: resources.d.GET: expected an object, such as `{ request: NoteRef, response: Note }`",
  ]);
});

test("Bytes is refused where a JSON value is required", async () => {
  const message = "Bytes is a stream, not a JSON value; use it as the whole requestStream or responseStream";
  expect(
    await refused("a: { GET: { response: Bytes } }", "b: { GET: { responseStream: Type.Array(Bytes as never) } }"),
  ).toEqual([
    `schema/api.ts:7:17: resources.a.GET.response: ${message}`,
    `schema/api.ts:8:44: resources.b.GET.responseStream[]: ${message}`,
  ]);
});

test("the items of a stream are types like any other", async () => {
  expect(
    await refused("a: { GET: { responseStream: Type.BigInt() } }", `b: { STORE: { requestStream: null, ${NULL} } }`),
  ).toEqual([
    "schema/api.ts:7:17: resources.a.GET.responseStream: JSON cannot carry bigint; use Type.Integer(), or Type.String() for numbers beyond 2^53",
    "schema/api.ts:8:19: resources.b.STORE.requestStream: expected a TypeBox type, got null",
  ]);
  expect(await refused(`a: { STORE: { requestStream: Type.String() } }`)).toEqual([
    "schema/api.ts:7:10: resources.a.STORE: missing response; add `response`, such as Type.Null(), or `responseStream`",
  ]);
  const text =
    'import Type from "typebox";\nexport const AGetResponseItem = Type.Object({ x: Type.Null() });\n' +
    'export default { name: "t", version: "1", resources: { a: { GET: { response: AGetResponseItem, responseStream: Type.Null() } } } };';
  expect(await problemsOf({ "schema/api.ts": text })).toEqual([
    "schema/api.ts:2:14: AGetResponseItem: generated code declares AGetResponseItem for resources.a.GET.responseStream; rename this schema",
  ]);
});

describe("a callback", () => {
  /** The problems of these callbacks, from line 4, in a schema with the resources `notes` and `note`. */
  const callbacks = (text: string) =>
    problemsOf({
      "schema/api.ts":
        `import Type from "typebox";\nconst GET = { request: Type.Object({ id: Type.Integer() }), ${NULL} };\n` +
        `export default { name: "t", version: "1", resources: { notes: { GET }, note: { path: "/notes/{id}", GET } }, callbacks: {\n${text}\n} };`,
    });

  test("cannot have the name of a resource, regardless of its path", async () => {
    expect(await callbacks('notes: { GET },\n"no-te": { GET },\nnote: { path: "/other", GET }')).toEqual([
      "schema/api.ts:4:1: callbacks.notes: the resource resources.notes has the same name; rename one",
      "schema/api.ts:6:1: callbacks.note: the resource resources.note has the same name; rename one",
    ]);
  });

  test("cannot have a path that matches a resource", async () => {
    expect(await callbacks('a: {\n  path: "/notes", GET },\nb: { path: "/notes/all", GET }')).toEqual([
      'schema/api.ts:5:3: callbacks.a: resources.notes also has the path "/notes"; change one',
      'schema/api.ts:6:6: callbacks.b: some paths match both "/notes/all" and "/notes/{id}" of resources.note; change one',
    ]);
  });

  test("follows the rules of resources", async () => {
    expect(await callbacks("a: { POST: GET, GET },\nclose: { GET },\nA: { GET }")).toEqual([
      `schema/api.ts:4:6: callbacks.a.POST: unknown verb POST; write STORE (known verbs: ${VERBS})`,
      "schema/api.ts:5:1: callbacks.close: the name close is a member of every client or of every JavaScript object; rename the resource",
      "schema/api.ts:6:1: callbacks.A: generated code calls both this resource and callbacks.a a; rename one",
    ]);
  });

  test("cannot have the name that generated code reserves for all callbacks", async () => {
    expect(await callbacks("callback: { GET }")).toEqual([
      "schema/api.ts:4:1: callbacks.callback: the name callback is reserved: generated code declares CallbackHandlers; rename the callback",
    ]);
  });
});

test("the formats that a schema can name are those that validators check", async () => {
  const [line = ""] = await refused('a: { GET: { response: Type.String({ format: "nope" }) } }');
  const known = /known formats: (.*)$/.exec(line)?.[1]?.split(", ") ?? [];
  // The pattern of `url` takes too long for long texts.
  expect([...known, "url"].sort()).toEqual(Object.keys(fullFormats).sort());
});
