import { describe, expect, test } from "vitest";
import { SchemaProblem } from "../../../codegen/src/base/problem.js";
import { generate } from "../../../codegen/src/generate.js";
import { Project, schemaOf } from "./project.js";

const NULL = "response: Type.Null()";

/** What `gen` prints for a schema that it refuses. */
async function complaintsOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const project = new Project(files);
  try {
    await generate({ cwd: project.folder });
  } catch (error) {
    if (error instanceof SchemaProblem) return error.message.split("\n");
    throw error;
  }
  return [];
}

/** The same for a schema with these resources, of which the first stands on line 7. */
function refused(...resources: readonly string[]): Promise<readonly string[]> {
  return complaintsOf({ "schema/api.ts": schemaOf(...resources) });
}

const VERBS = "GET, STORE, UPDATE, DELETE";
const ERRORS =
  "BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, CONFLICT, PRECONDITION_FAILED, " +
  "MESSAGE_TOO_LARGE, RESOURCE_EXHAUSTED, CANCELLED, INTERNAL, UNIMPLEMENTED, UNAVAILABLE, DEADLINE_EXCEEDED";

test("a schema with nothing wrong in it is not refused", async () => {
  expect(await refused(`a: { GET: { ${NULL} } }`)).toEqual([]);
});

test("a schema file that is not there is named", async () => {
  expect(await complaintsOf({})).toEqual(["schema/api.ts:1:1: there is no such file; name the schema with --schema"]);
});

test("a syntax error is reported where it stands, also in an imported file", async () => {
  expect(await complaintsOf({ "schema/api.ts": "export default {\n  name: ;\n};" })).toEqual([
    "schema/api.ts:2:9: Expression expected.",
  ]);
  const files = { "schema/api.ts": 'import "./other.js";\nexport default 1;', "schema/other.ts": "\nconst = 1;" };
  expect(await complaintsOf(files)).toContain("schema/other.ts:2:7: Variable declaration expected.");
});

test("an import that leads nowhere is reported at its specifier", async () => {
  expect(await complaintsOf({ "schema/api.ts": 'import { x } from "./nope.js";\nexport default x;' })).toEqual([
    'schema/api.ts:1:19: there is no file for the import "./nope.js"',
  ]);
  expect(await complaintsOf({ "schema/api.ts": 'import x from "no-such-package";\nexport default x.y;' })).toEqual([
    "schema/api.ts:1:15: Error: Cannot find module 'no-such-package'",
  ]);
});

test("a module without an API as its default export is refused", async () => {
  expect(await complaintsOf({ "schema/api.ts": "export const a = 1;" })).toEqual([
    "schema/api.ts:1:1: it has no default export; write `export default defineApi({ ... })`",
  ]);
  expect(await complaintsOf({ "schema/api.ts": "\nexport default 5;" })).toEqual([
    "schema/api.ts:2:1: the default export is no API; write `export default defineApi({ ... })`",
  ]);
});

test("an API without its name, version or resources, or with an unknown option, is refused", async () => {
  const text = "export default {\n  name: '5x',\n  version: '',\n  extra: 1,\n  resources: 5,\n};";
  expect(await complaintsOf({ "schema/api.ts": text })).toEqual([
    'schema/api.ts:2:3: name: give the API a name that begins with a letter, such as `name: "notes"`',
    'schema/api.ts:3:3: version: give the API a version, such as `version: "1.0.0"`',
    "schema/api.ts:4:3: extra: extra is no option of an API; it may have name, version, description, resources, callbacks",
    "schema/api.ts:5:3: resources: give an object of resources by name",
  ]);
  expect(await refused()).toEqual(["schema/api.ts:6:3: resources: declare at least one resource"]);
});

test("an exception of the schema module is reported where it was thrown", async () => {
  const text = "const a = 1;\nconst f = () => {\n  throw new TypeError('boom');\n};\nf();\nexport default 1;";
  expect(await complaintsOf({ "schema/api.ts": text })).toEqual(["schema/api.ts:3:9: TypeError: boom"]);
});

test("two resources whose paths can match the same string are refused", async () => {
  expect(await refused(`a: { path: "/x", GET: { ${NULL} } }`, `b: { path: "/x", STORE: { ${NULL} } }`)).toEqual([
    'schema/api.ts:8:10: resources.b: "/x" is the path of resources.a too; give each its own',
  ]);
  const ref = "request: Type.Object({ id: Type.String() })";
  expect(
    await refused(`a: { path: "/x/{id}", GET: { ${ref}, ${NULL} } }`, `b: { path: "/x/recent", GET: { ${NULL} } }`),
  ).toEqual([
    'schema/api.ts:8:10: resources.b: some path matches both "/x/recent" and "/x/{id}" of resources.a; give each its own',
  ]);
});

test("an unknown verb and an unknown option are refused at their keys", async () => {
  expect(await refused(`a: { POST: { ${NULL} } }`, `b: { GET: { ${NULL} }, paths: "/b" }`)).toEqual([
    `schema/api.ts:7:10: resources.a.POST: POST is no verb; the verbs are ${VERBS}`,
    `schema/api.ts:8:42: resources.b.paths: paths is no option of a resource; it may have path, description, ${VERBS}`,
  ]);
  expect(await refused(`a: { GET: { ${NULL}, scopes: "x" } }`)).toEqual([
    "schema/api.ts:7:40: resources.a.GET.scopes: scopes is no option of a method; it may have request, requestStream, " +
      "response, responseStream, errors, scope, idempotent, timeout, description, deprecated",
  ]);
});

test("a parameter of a path must be a required field of the request, of a type that a path can tell", async () => {
  const object = (field: string) => `request: Type.Object({ id: ${field} }), ${NULL}`;
  expect(
    await refused(
      `a: { path: "/a/{id}", GET: { ${NULL} } }`,
      `b: { path: "/b/{id}", GET: { ${object("Type.Optional(Type.String())")} } }`,
      `c: { path: "/c/{id}", GET: { ${object("Type.Array(Type.String())")} } }`,
      `d: { path: "/d/{id}", GET: { ${object("Type.Union([Type.String(), Type.Integer()])")} } }`,
    ),
  ).toEqual([
    "schema/api.ts:7:27: resources.a.GET: {id} of the path is no field of the request",
    "schema/api.ts:8:27: resources.b.GET: {id} of the path is an optional field of the request; require it",
    "schema/api.ts:9:27: resources.c.GET: {id} of the path must be a string, an integer, a number or a boolean in the request",
    "schema/api.ts:10:27: resources.d.GET: {id} of the path must be a string, an integer, a number or a boolean in the request",
  ]);
});

test("a path that is no path is refused", async () => {
  expect(await refused(`a: { path: "a", GET: { ${NULL} } }`, `b: { path: "/b/{id}/{id}", GET: { ${NULL} } }`)).toEqual([
    'schema/api.ts:7:10: resources.a: path "a": must start with "/"',
    'schema/api.ts:8:10: resources.b: path "/b/{id}/{id}": {id} occurs twice; give each its own name',
  ]);
});

test("what JSON cannot carry is refused, wherever it stands in a type", async () => {
  const at = (type: string) =>
    refused(`a: {\n  GET: {\n    request: Type.Object({\n      x: ${type},\n    }), ${NULL} } }`);
  const cases: readonly [string, string][] = [
    ["Type.BigInt()", ".x: JSON cannot carry bigint: use Type.Integer(), or Type.String() for numbers beyond 2^53"],
    ["Type.Literal(5n)", ".x: JSON cannot carry bigint: use Type.Integer(), or Type.String() for numbers beyond 2^53"],
    [
      "Type.Undefined()",
      ".x: JSON cannot carry undefined: use Type.Optional(...) for a property that may be absent, or Type.Null()",
    ],
    ["Type.Void()", ".x: JSON cannot carry void: use Type.Null()"],
    ["Type.Function([], Type.Null())", ".x: JSON cannot carry function: declare a method of its own"],
    ["Type.Symbol()", '.x: JSON cannot carry symbol: use Type.Literal("...")'],
    ['Type.Unsafe({ type: "Date" })', '.x: JSON cannot carry Date: use Type.String({ format: "date-time" })'],
    [
      "Type.Refine(Type.String(), () => true)",
      ".x: a check that is a function does not travel; say it with keywords of JSON Schema",
    ],
    ["Type.Number({ minimum: Infinity })", '.x: "minimum" is Infinity, which JSON cannot carry'],
    ["Type.String({ default: new Date() })", '.x: "default" is an instance of Date, which JSON cannot carry'],
    [
      "Type.String({ minLenght: 3 })",
      '.x: "minLenght" is no keyword of JSON Schema 2019-09; a note of your own begins with "x-"',
    ],
    ["Type.Ref('X')", '.x: there is no type "X" here; Type.Ref works inside Type.Cyclic and Type.Module'],
    [
      "undefined",
      ".x: give a TypeBox type; this is undefined; is an import misspelt, or do two files import each other?",
    ],
    ['Type.Unsafe({ type: "string", minLength: "3" })', '.x: "minLength" must be a whole number, not below 0'],
    ["Type.Enum([])", '.x: "enum" must be a list of at least one value'],
    ["Type.String({ deprecated: 'soon' })", '.x: "deprecated" must be true or false'],
    ["5", ".x: give a TypeBox type; this is number"],
  ];
  for (const [type, complaint] of cases) {
    expect(await at(type)).toEqual([`schema/api.ts:10:7: resources.a.GET.request${complaint}`]);
  }
  expect((await at('Type.String({ format: "nope" })'))[0]).toMatch(
    /^schema\/api\.ts:10:7: .*\.x: "nope" is no known format; /,
  );
  expect((await at('Type.String({ format: "url" })'))[0]).toMatch(/"url" is checked by a pattern that .*; use "uri"$/);
  const slow = /"uniqueItems" compares each of these items with every other one; give "maxItems" beside it$/;
  for (const type of ["Type.Object({})", "Type.Unknown()", "Type.Union([Type.String(), Type.Array(Type.String())])"]) {
    expect((await at(`Type.Array(${type}, { uniqueItems: true })`))[0]).toMatch(slow);
    expect(await at(`Type.Array(${type}, { uniqueItems: true, maxItems: 9 })`)).toEqual([]);
  }
  expect(await at("Type.Array(Type.String(), { uniqueItems: true })")).toEqual([]);
  expect((await at('Type.String({ pattern: "(" })'))[0]).toMatch(
    /^schema\/api\.ts:10:7: .*\.x: "pattern" does not compile: /,
  );
  expect(await at("Type.Array(Type.Tuple([Type.Null(), Type.BigInt()]))")).toEqual([
    "schema/api.ts:10:46: resources.a.GET.request.x[][1]: JSON cannot carry bigint: use Type.Integer(), or Type.String() for numbers beyond 2^53",
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
])("an object of a class is no type: %s", async (value, what) => {
  const complaint = `give a TypeBox type; this is ${what}, which JSON cannot carry`;
  expect(
    await refused(
      `a: { GET: { response: ${value} as never } }`,
      `b: { GET: { response: Type.Object({ x: ${value} as never }) } }`,
    ),
  ).toEqual([
    `schema/api.ts:7:17: resources.a.GET.response: ${complaint}`,
    `schema/api.ts:8:41: resources.b.GET.response.x: ${complaint}`,
  ]);
});

test("a type or a default that contains itself is refused, and one that is used twice is not", async () => {
  const withHead = (head: string, ...resources: readonly string[]) =>
    complaintsOf({ "schema/api.ts": `${schemaOf(...resources)}${head}\n` });
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
    "schema/api.ts:7:17: resources.a.GET.response[]: it contains itself; use Type.Cyclic",
    "schema/api.ts:8:17: resources.b.GET.response.a.up: it contains itself; use Type.Cyclic",
    'schema/api.ts:9:63: resources.c.GET.request.x: "default" at me is a value that contains itself, which JSON cannot carry',
  ]);
  const cyclic =
    "function cyclic(): any { const made: any = Type.Cyclic({ A: Type.Object({}) }, 'A'); made.$defs.A.properties.x = made; return made; }";
  expect(await withHead(cyclic, "a: { GET: { response: cyclic() } }")).toEqual([
    expect.stringMatching(/^schema\/api\.ts:7:\d+: A\.x: it contains itself; use Type\.Cyclic$/),
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
  expect(await complaintsOf(files)).toEqual([
    "schema/notes.ts:3:3: Note.at: JSON cannot carry bigint: use Type.Integer(), or Type.String() for numbers beyond 2^53",
  ]);
});

test("names that clash in generated code are refused", async () => {
  expect(
    await refused(`"foo-bar": { GET: { ${NULL} } }`, `fooBar: { GET: { ${NULL} } }`, `"1x": { GET: { ${NULL} } }`),
  ).toEqual([
    "schema/api.ts:8:5: resources.fooBar: it is called fooBar in generated code, as resources.foo-bar is; rename one",
    'schema/api.ts:9:5: resources.1x: "1x" is no name for a resource: begin it with a letter',
  ]);
  const types = (first: string, second: string) => ({
    "schema/api.ts":
      'import Type from "typebox";\nimport * as other from "./other.js";\n' +
      `export const Note = ${first};\n` +
      'export default { name: "t", version: "1", resources: { a: { GET: { request: Note, response: other.Note } } } };',
    "schema/other.ts": `import Type from "typebox";\n\nexport const Note = ${second};`,
  });
  expect(await complaintsOf(types("Type.Object({})", "Type.Object({ a: Type.Null() })"))).toEqual([
    "schema/other.ts:3:14: Note: the type name Note belongs to another schema, at schema/api.ts:3; rename one",
  ]);
  expect(await complaintsOf(types("Type.Object({})", "Type.Object({})"))).toEqual([]);
});

test("a name that generated code needs for itself is refused", async () => {
  const text =
    'import Type from "typebox";\nexport const AGetRequest = Type.Object({ x: Type.Null() });\n' +
    'export default { name: "t", version: "1", resources: { a: { GET: { request: Type.Object({ y: AGetRequest }), response: Type.Null() } } } };';
  expect(await complaintsOf({ "schema/api.ts": text })).toEqual([
    "schema/api.ts:2:14: AGetRequest: generated code needs the type name AGetRequest for resources.a.GET.request; rename this schema",
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
])("no resource can be called %s", async (name) => {
  expect(await refused(`["${name}"]: { GET: { ${NULL} } }`)).toEqual([
    `schema/api.ts:7:5: resources.${name}: no resource can be called ${name}: every client, or every object of JavaScript, has a member of that name`,
  ]);
});

test("a reserved word can name a resource, and no type", async () => {
  expect(await refused(`class: { GET: { ${NULL} } }`)).toEqual([]);
  const text =
    'import Type from "typebox";\nconst Note = Type.Object({});\nexport { Note as class };\n' +
    'export default { name: "t", version: "1", resources: { a: { GET: { response: Note } } } };';
  expect(await complaintsOf({ "schema/api.ts": text })).toEqual([
    "schema/api.ts:2:7: class: an exported schema cannot be called class, a reserved word; rename it",
  ]);
});

test("errors must be statuses, and no success", async () => {
  expect(await refused(`a: { GET: { ${NULL}, errors: { OK: Type.Null(), TEAPOT: Type.Null() } } }`)).toEqual([
    `schema/api.ts:7:50: resources.a.GET.errors.OK: OK is no error; the errors are ${ERRORS}`,
    `schema/api.ts:7:67: resources.a.GET.errors.TEAPOT: TEAPOT is no status; the errors are ${ERRORS}`,
  ]);
});

test("limits that cannot hold are refused", async () => {
  expect(
    await refused(
      `a: { GET: { ${NULL}, timeout: 0, scope: "", idempotent: 1 } }`,
      `b: { GET: { ${NULL}, timeout: 1.5 } }`,
    ),
  ).toEqual([
    "schema/api.ts:7:40: resources.a.GET.timeout: give a whole number of milliseconds from 1 to 2147483647; it is 0",
    'schema/api.ts:7:52: resources.a.GET.scope: give a scope without spaces, commas, quotes or *, such as "notes:read", or leave it out',
    "schema/api.ts:7:63: resources.a.GET.idempotent: give true or false",
    "schema/api.ts:8:40: resources.b.GET.timeout: give a whole number of milliseconds from 1 to 2147483647; it is 1.5",
  ]);
});

test("a method without a response, and a resource without a method, are refused", async () => {
  expect(
    await refused("a: { GET: { request: Type.Object({}) } }", 'b: { path: "/b" }', "c: 5", "d: { GET: 5 }"),
  ).toEqual([
    "schema/api.ts:7:10: resources.a.GET: it has no response; give it a `response`, such as Type.Null(), or a `responseStream`",
    `schema/api.ts:8:5: resources.b: it answers no verb; give it some of ${VERBS}`,
    "schema/api.ts:9:5: resources.c: give an object of verbs, such as `{ GET: { response: Note } }`",
    "schema/api.ts:10:10: resources.d.GET: give an object, such as `{ request: NoteRef, response: Note }`",
  ]);
});

test("Bytes is refused wherever it would have to be a JSON value", async () => {
  const message = "Bytes is a stream, and part of no other type: it may be a requestStream or a responseStream";
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
    "schema/api.ts:7:17: resources.a.GET.responseStream: JSON cannot carry bigint: use Type.Integer(), or Type.String() for numbers beyond 2^53",
    "schema/api.ts:8:19: resources.b.STORE.requestStream: give a TypeBox type; this is null",
  ]);
  expect(await refused(`a: { STORE: { requestStream: Type.String() } }`)).toEqual([
    "schema/api.ts:7:10: resources.a.STORE: it has no response; give it a `response`, such as Type.Null(), or a `responseStream`",
  ]);
  const text =
    'import Type from "typebox";\nexport const AGetResponseItem = Type.Object({ x: Type.Null() });\n' +
    'export default { name: "t", version: "1", resources: { a: { GET: { response: AGetResponseItem, responseStream: Type.Null() } } } };';
  expect(await complaintsOf({ "schema/api.ts": text })).toEqual([
    "schema/api.ts:2:14: AGetResponseItem: generated code needs the type name AGetResponseItem for resources.a.GET.responseStream; rename this schema",
  ]);
});

describe("a callback", () => {
  /** What is said of these callbacks, which begin on line 4, beside the resources `notes` and `note`. */
  const callbacks = (text: string) =>
    complaintsOf({
      "schema/api.ts":
        `import Type from "typebox";\nconst GET = { request: Type.Object({ id: Type.Integer() }), ${NULL} };\n` +
        `export default { name: "t", version: "1", resources: { notes: { GET }, note: { path: "/notes/{id}", GET } }, callbacks: {\n${text}\n} };`,
    });

  test("cannot have the name of a resource, whatever its path", async () => {
    expect(await callbacks('notes: { GET },\n"no-te": { GET },\nnote: { path: "/other", GET }')).toEqual([
      "schema/api.ts:4:1: callbacks.notes: a callback cannot have the name of a resource, resources.notes; rename one",
      "schema/api.ts:6:1: callbacks.note: a callback cannot have the name of a resource, resources.note; rename one",
    ]);
  });

  test("cannot have a path that leads to a resource as well", async () => {
    expect(await callbacks('a: {\n  path: "/notes", GET },\nb: { path: "/notes/all", GET }')).toEqual([
      'schema/api.ts:5:3: callbacks.a: a callback cannot have the path of a resource: "/notes" is the path of resources.notes; give each its own',
      'schema/api.ts:6:6: callbacks.b: a callback cannot have the path of a resource: some path matches both "/notes/all" and "/notes/{id}" of resources.note; give each its own',
    ]);
  });

  test("is refused for whatever a resource is refused for", async () => {
    expect(await callbacks("a: { POST: GET, GET },\nclose: { GET },\nA: { GET }")).toEqual([
      `schema/api.ts:4:6: callbacks.a.POST: POST is no verb; the verbs are ${VERBS}`,
      "schema/api.ts:5:1: callbacks.close: no resource can be called close: every client, or every object of JavaScript, has a member of that name",
      "schema/api.ts:6:1: callbacks.A: it is called a in generated code, as callbacks.a is; rename one",
    ]);
  });

  test("cannot have the name that generated code gives to all callbacks together", async () => {
    expect(await callbacks("callback: { GET }")).toEqual([
      "schema/api.ts:4:1: callbacks.callback: no callback can be called callback: generated code needs CallbackHandlers",
    ]);
  });
});
