/** The names in the messages. */
const VERBS = "GET, STORE, UPDATE, DELETE";
const OPTIONS =
  "request, requestStream, response, responseStream, errors, scope, idempotent, onInterrupt, timeout, description, deprecated, since";
const ERRORS =
  "BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, CONFLICT, PRECONDITION_FAILED, MESSAGE_TOO_LARGE, RESOURCE_EXHAUSTED, CANCELLED, INTERNAL, UNIMPLEMENTED, UNAVAILABLE, DEADLINE_EXCEEDED, INTERRUPTED";

/** Mistakes in schemas: resources, one a line from line 7, and what `gen` says of them, after the name of the file. */
export const BAD_SCHEMAS: readonly (readonly [resources: readonly string[], problems: readonly string[]])[] = [
  [
    ['a: { path: "/sshrpc/a", GET: { response: Type.Null() } }'],
    ['7:10: resources.a: path "/sshrpc/a": paths below /sshrpc/ are reserved for the methods that every server offers'],
  ],
  [
    ['a: { GET: { response: Type.Null(), scope: "sshrpc:contract" } }'],
    [
      '7:40: resources.a.GET.scope: scope "sshrpc:contract": scopes that begin with sshrpc: are reserved for the methods that every server offers',
    ],
  ],
  [
    ["a: { POST: { response: Type.Null() } }"],
    [`7:10: resources.a.POST: unknown verb POST; write STORE (known verbs: ${VERBS})`],
  ],
  [
    ["a: { PUT: { response: Type.Null() } }"],
    [`7:10: resources.a.PUT: unknown verb PUT; write UPDATE (known verbs: ${VERBS})`],
  ],
  [
    ["a: { PATCH: { response: Type.Null() } }"],
    [`7:10: resources.a.PATCH: unknown verb PATCH; write UPDATE (known verbs: ${VERBS})`],
  ],
  [
    ["a: { LIST: { response: Type.Null() } }"],
    [`7:10: resources.a.LIST: unknown verb LIST; write GET (known verbs: ${VERBS})`],
  ],
  [
    ["a: { get: { response: Type.Null() } }"],
    [`7:10: resources.a.get: unknown verb get; write GET (known verbs: ${VERBS})`],
  ],
  [
    ["a: { Store: { response: Type.Null() } }"],
    [`7:10: resources.a.Store: unknown verb Store; write STORE (known verbs: ${VERBS})`],
  ],
  [
    ["a: { CREATE: { response: Type.Null() } }"],
    [`7:10: resources.a.CREATE: unknown verb CREATE; write STORE (known verbs: ${VERBS})`],
  ],
  [
    ["a: { REMOVE: { response: Type.Null() } }"],
    [`7:10: resources.a.REMOVE: unknown verb REMOVE; write DELETE (known verbs: ${VERBS})`],
  ],
  [
    ["a: { HEAD: { response: Type.Null() } }"],
    [`7:10: resources.a.HEAD: unknown verb HEAD; write GET (known verbs: ${VERBS})`],
  ],
  [["a: { GTE: { response: Type.Null() } }"], [`7:10: resources.a.GTE: unknown verb GTE; known verbs: ${VERBS}`]],
  [["a: { STOER: { response: Type.Null() } }"], [`7:10: resources.a.STOER: unknown verb STOER; known verbs: ${VERBS}`]],
  [["a: { FETCH: { response: Type.Null() } }"], [`7:10: resources.a.FETCH: unknown verb FETCH; known verbs: ${VERBS}`]],
  [["a: 5"], ["7:5: resources.a: expected an object of verbs, such as `{ GET: { response: Note } }`"]],
  [["a: null"], ["7:5: resources.a: expected an object of verbs, such as `{ GET: { response: Note } }`"]],
  [["a: []"], ["7:5: resources.a: expected an object of verbs, such as `{ GET: { response: Note } }`"]],
  [["a: {}"], [`7:5: resources.a: no methods; add at least one of ${VERBS}`]],
  [['a: { path: "/a" }'], [`7:5: resources.a: no methods; add at least one of ${VERBS}`]],
  [
    ['"5a": { GET: { response: Type.Null() } }'],
    ['7:5: resources.5a: invalid resource name "5a"; it must begin with a letter'],
  ],
  [
    ['"": { GET: { response: Type.Null() } }'],
    [
      '7:5: resources.: invalid resource name ""; it must begin with a letter',
      '7:5: resources.: path "/": invalid segment ""; use a {param}, or letters, digits and . _ ~ -',
    ],
  ],
  [
    ["close: { GET: { response: Type.Null() } }"],
    [
      "7:5: resources.close: the name close is a member of every client or of every JavaScript object; rename the resource",
    ],
  ],
  [
    ["then: { GET: { response: Type.Null() } }"],
    [
      "7:5: resources.then: the name then is a member of every client or of every JavaScript object; rename the resource",
    ],
  ],
  [
    ['"a-b": { GET: { response: Type.Null() } }', "aB: { GET: { response: Type.Null() } }"],
    ["8:5: resources.aB: generated code calls both this resource and resources.a-b ab; rename one"],
  ],
  [
    ["a: { GET: { response: Type.Null() }, comments: { GET: { response: Type.Null() } } }"],
    [
      '7:42: resources.a.comments: resources cannot be nested; declare comments beside this resource, with a path such as "/a/comments"',
    ],
  ],
  [
    [
      'a: { path: "/a/{id}", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() }, b: { POST: { response: Type.Null() } } }',
    ],
    [
      '7:105: resources.a.b: resources cannot be nested; declare b beside this resource, with a path such as "/a/{id}/b"',
    ],
  ],
  [
    ['a: { GET: { response: Type.Null() }, pth: "/a" }'],
    [
      `7:42: resources.a.pth: unknown resource option "pth" (did you mean "path"?); known options: path, description, deprecated, since, reserved, ${VERBS}`,
    ],
  ],
  [
    ['a: { GET: { response: Type.Null() }, descripton: "x" }'],
    [
      `7:42: resources.a.descripton: unknown resource option "descripton" (did you mean "description"?); known options: path, description, deprecated, since, reserved, ${VERBS}`,
    ],
  ],
  [
    ["a: { GET: { response: Type.Null() }, auth: true }"],
    [
      `7:42: resources.a.auth: unknown resource option "auth"; known options: path, description, deprecated, since, reserved, ${VERBS}`,
    ],
  ],
  [
    ['a: { path: "a", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    ['7:10: resources.a: path "a": must start with "/"'],
  ],
  [
    ['a: { path: "/a b", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    ['7:10: resources.a: path "/a b": invalid segment "a b"; use a {param}, or letters, digits and . _ ~ -'],
  ],
  [
    ['a: { path: "/a//b", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    ['7:10: resources.a: path "/a//b": invalid segment ""; use a {param}, or letters, digits and . _ ~ -'],
  ],
  [
    ['a: { path: "/", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    ['7:10: resources.a: path "/": invalid segment ""; use a {param}, or letters, digits and . _ ~ -'],
  ],
  [
    ['a: { path: "/a/", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    ['7:10: resources.a: path "/a/": invalid segment ""; use a {param}, or letters, digits and . _ ~ -'],
  ],
  [
    ['a: { path: "/a/:id", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    [
      '7:10: resources.a: path "/a/:id": invalid segment ":id"; use a {param}, or letters, digits and . _ ~ -; write {id} for a parameter',
    ],
  ],
  [
    ['a: { path: "/a/<id>", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    [
      '7:10: resources.a: path "/a/<id>": invalid segment "<id>"; use a {param}, or letters, digits and . _ ~ -; write {id} for a parameter',
    ],
  ],
  [
    ['a: { path: "/a/[id]", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    [
      '7:10: resources.a: path "/a/[id]": invalid segment "[id]"; use a {param}, or letters, digits and . _ ~ -; write {id} for a parameter',
    ],
  ],
  [
    ['a: { path: "/a/{id?}", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    [
      '7:10: resources.a: path "/a/{id?}": invalid segment "{id?}"; use a {param}, or letters, digits and . _ ~ -; write {id} for a parameter',
    ],
  ],
  [
    ['a: { path: "/a/{id}.json", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    [
      '7:10: resources.a: path "/a/{id}.json": invalid segment "{id}.json"; use a {param}, or letters, digits and . _ ~ -',
    ],
  ],
  [
    ['a: { path: "/{id}/{id}", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    ['7:10: resources.a: path "/{id}/{id}": {id} occurs twice; give each its own name'],
  ],
  [
    ['a: { path: "/{5}", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    ['7:10: resources.a: path "/{5}": invalid segment "{5}"; use a {param}, or letters, digits and . _ ~ -'],
  ],
  [
    ['a: { path: "/{__proto__}", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    ['7:10: resources.a: path "/{__proto__}": {__proto__} cannot be the name of a request field'],
  ],
  [
    ['a: { path: "/a?x=1", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    ['7:10: resources.a: path "/a?x=1": invalid segment "a?x=1"; use a {param}, or letters, digits and . _ ~ -'],
  ],
  [
    ['a: { path: "/ä", GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Null() } }'],
    ['7:10: resources.a: path "/ä": invalid segment "ä"; use a {param}, or letters, digits and . _ ~ -'],
  ],
  [["a: { path: 5, GET: { response: Type.Null() } }"], ['7:10: resources.a: path "5": must start with "/"']],
  [
    ['a: { path: "/a/{nteId}", GET: { request: Type.Object({ noteId: Type.String() }), response: Type.Null() } }'],
    ['7:30: resources.a.GET: the request has no field for the path parameter {nteId} (did you mean "noteId"?); add it'],
  ],
  [
    ['a: { path: "/a/{id}", GET: { response: Type.Null() } }'],
    ["7:27: resources.a.GET: the request has no field for the path parameter {id}; add it"],
  ],
  [
    [
      'a: { path: "/a/{id}", GET: { request: Type.Object({ id: Type.Optional(Type.Integer()) }), response: Type.Null() } }',
    ],
    ["7:27: resources.a.GET: the field of the path parameter {id} is optional; make it required"],
  ],
  [
    ['a: { path: "/a/{id}", GET: { request: Type.Object({ id: Type.Object({}) }), response: Type.Null() } }'],
    [
      "7:27: resources.a.GET: the path parameter {id} must be a string, an integer, a number or a boolean in the request",
    ],
  ],
  [
    ['a: { path: "/a/{id}", GET: { request: Type.Object({ id: Type.Null() }), response: Type.Null() } }'],
    [
      "7:27: resources.a.GET: the path parameter {id} must be a string, an integer, a number or a boolean in the request",
    ],
  ],
  [
    [
      'a: { path: "/a/{id}", GET: { request: Type.Union([Type.Object({ id: Type.String() }), Type.Object({ key: Type.String() })]), response: Type.Null() } }',
    ],
    ["7:27: resources.a.GET: the request has no field for the path parameter {id}; add it"],
  ],
  [
    [
      'a: { path: "/x/{id}", GET: { request: Type.Object({ id: Type.String() }), response: Type.Null() } }',
      'b: { path: "/x/y", GET: { response: Type.Null() } }',
    ],
    ['8:10: resources.b: some paths match both "/x/y" and "/x/{id}" of resources.a; change one'],
  ],
  [
    ['a: { path: "/x", GET: { response: Type.Null() } }', 'b: { path: "/x", GET: { response: Type.Null() } }'],
    ['8:10: resources.b: resources.a also has the path "/x"; change one'],
  ],
  [
    ["a: { GET: {  } }"],
    ["7:10: resources.a.GET: missing response; add `response`, such as Type.Null(), or `responseStream`"],
  ],
  [
    ["a: { GET: { request: Type.Null() } }"],
    ["7:10: resources.a.GET: missing response; add `response`, such as Type.Null(), or `responseStream`"],
  ],
  [["a: { GET: 5 }"], ["7:10: resources.a.GET: expected an object, such as `{ request: NoteRef, response: Note }`"]],
  [["a: { GET: null }"], ["7:10: resources.a.GET: expected an object, such as `{ request: NoteRef, response: Note }`"]],
  [["a: { GET: [] }"], ["7:10: resources.a.GET: expected an object, such as `{ request: NoteRef, response: Note }`"]],
  [
    ["a: { GET: Type.Null() }"],
    ["7:10: resources.a.GET: expected a method, got a type; write `{ response: ... }` around it"],
  ],
  [
    ["a: { GET: { respons: Type.Null() } }"],
    [
      "7:10: resources.a.GET: missing response; add `response`, such as Type.Null(), or `responseStream`",
      `7:17: resources.a.GET.respons: unknown method option "respons" (did you mean "response"?); known options: ${OPTIONS}`,
    ],
  ],
  [
    ["a: { GET: { response: Type.Null(), reqest: Type.Null() } }"],
    [
      `7:40: resources.a.GET.reqest: unknown method option "reqest" (did you mean "request"?); known options: ${OPTIONS}`,
    ],
  ],
  [
    ["a: { GET: { response: Type.Null(), output: Type.Null() } }"],
    [`7:40: resources.a.GET.output: unknown method option "output"; known options: ${OPTIONS}`],
  ],
  [
    ["a: { GET: { response: Type.Null(), error: {} } }"],
    [`7:40: resources.a.GET.error: unknown method option "error" (did you mean "errors"?); known options: ${OPTIONS}`],
  ],
  [
    ['a: { GET: { response: Type.Null(), scope: "a b" } }'],
    [
      '7:40: resources.a.GET.scope: invalid scope; use a name without spaces, commas, quotes or *, such as "notes:read"',
    ],
  ],
  [
    ['a: { GET: { response: Type.Null(), scope: "*" } }'],
    [
      '7:40: resources.a.GET.scope: invalid scope; use a name without spaces, commas, quotes or *, such as "notes:read"',
    ],
  ],
  [
    ["a: { GET: { response: Type.Null(), scope: 5 } }"],
    [
      '7:40: resources.a.GET.scope: invalid scope; use a name without spaces, commas, quotes or *, such as "notes:read"',
    ],
  ],
  [
    ["a: { GET: { response: Type.Null(), timeout: 0 } }"],
    ["7:40: resources.a.GET.timeout: invalid timeout 0; use a whole number of ms from 1 to 2147483647"],
  ],
  [
    ['a: { GET: { response: Type.Null(), timeout: "1s" } }'],
    ["7:40: resources.a.GET.timeout: invalid timeout 1s; use a whole number of ms from 1 to 2147483647"],
  ],
  [
    ["a: { GET: { response: Type.Null(), timeout: 1.5 } }"],
    ["7:40: resources.a.GET.timeout: invalid timeout 1.5; use a whole number of ms from 1 to 2147483647"],
  ],
  [
    ["a: { GET: { response: Type.Null(), timeout: 2147483648 } }"],
    ["7:40: resources.a.GET.timeout: invalid timeout 2147483648; use a whole number of ms from 1 to 2147483647"],
  ],
  [
    ['a: { STORE: { response: Type.Null(), onInterrupt: "retry" } }'],
    ['7:42: resources.a.STORE.onInterrupt: expected "run"'],
  ],
  [
    ['a: { GET: { response: Type.Null(), onInterrupt: "run" } }'],
    [
      "7:40: resources.a.GET.onInterrupt: an idempotent method has no idempotency key, and runs again in any case; remove it",
    ],
  ],
  [
    ['a: { STORE: { responseStream: Type.Null(), onInterrupt: "run" } }'],
    ["7:48: resources.a.STORE.onInterrupt: a method with a response stream has no idempotency key; remove it"],
  ],
  [
    ['a: { GET: { response: Type.Null(), idempotent: "no" } }'],
    ["7:40: resources.a.GET.idempotent: expected true or false"],
  ],
  [
    ["a: { GET: { response: Type.Null(), errors: 5 } }"],
    ["7:40: resources.a.GET.errors: expected an object of details by status, such as `{ NOT_FOUND: NoteRef }`"],
  ],
  [
    ["a: { GET: { response: Type.Null(), errors: { NOTFOUND: Type.Null() } } }"],
    [
      `7:50: resources.a.GET.errors.NOTFOUND: unknown status NOTFOUND (did you mean "NOT_FOUND"?); known errors: ${ERRORS}`,
    ],
  ],
  [
    ["a: { GET: { response: Type.Null(), errors: { OK: Type.Null() } } }"],
    [`7:50: resources.a.GET.errors.OK: OK is not an error; known errors: ${ERRORS}`],
  ],
  [
    ["a: { GET: { response: Type.Null(), errors: { TEAPOT: Type.Null() } } }"],
    [`7:50: resources.a.GET.errors.TEAPOT: unknown status TEAPOT; known errors: ${ERRORS}`],
  ],
  [
    ["a: { GET: { response: Type.Null(), errors: { INTERNAL: Type.Null() } } }"],
    [
      "7:50: resources.a.GET.errors.INTERNAL: INTERNAL is reserved for the runtime, which sends a reference to the log as details; use another status",
    ],
  ],
  [
    ["a: { GET: { response: Type.Null(), errors: { METHOD_NOT_ALLOWED: Type.Null() } } }"],
    [
      "7:50: resources.a.GET.errors.METHOD_NOT_ALLOWED: METHOD_NOT_ALLOWED is reserved for the runtime, which sends the allowed verbs as details; use another status",
    ],
  ],
  [
    ["a: { GET: { response: Type.Null(), errors: { CONFLICT: { id: Type.Integer() } } } }"],
    [
      "7:50: resources.a.GET.errors.CONFLICT: expected a TypeBox type, got an object of types; write Type.Object({ id })",
    ],
  ],
  [
    ["a: { GET: { response: Type.Null(), errors: { CONFLICT: Bytes } } }"],
    [
      "7:50: resources.a.GET.errors.CONFLICT: Bytes is a stream, not a JSON value; use it as the whole requestStream or responseStream",
    ],
  ],
  [
    ["a: { GET: { request: Bytes, response: Type.Null() } }"],
    [
      "7:17: resources.a.GET.request: Bytes is a stream, not a JSON value; use it as the whole requestStream or responseStream",
    ],
  ],
  [
    ["a: { GET: { response: Bytes } }"],
    [
      "7:17: resources.a.GET.response: Bytes is a stream, not a JSON value; use it as the whole requestStream or responseStream",
    ],
  ],
  [
    ["a: { GET: { responseStream: Type.Array(Bytes) } }"],
    [
      "7:44: resources.a.GET.responseStream[]: Bytes is a stream, not a JSON value; use it as the whole requestStream or responseStream",
    ],
  ],
  [
    ["a: { GET: { response: { id: Type.Integer(), name: Type.String() } } }"],
    [
      "7:17: resources.a.GET.response: expected a TypeBox type, got an object of types; write Type.Object({ id, name })",
    ],
  ],
  [
    ["a: { GET: { request: { id: Type.Integer() }, response: Type.Null() } }"],
    ["7:17: resources.a.GET.request: expected a TypeBox type, got an object of types; write Type.Object({ id })"],
  ],
  [
    ["a: { GET: { requestStream: { line: Type.String() }, response: Type.Null() } }"],
    [
      "7:17: resources.a.GET.requestStream: expected a TypeBox type, got an object of types; write Type.Object({ line })",
    ],
  ],
  [
    ["a: { GET: { response: Type.Object({ owner: { name: Type.String() } }) } }"],
    [
      "7:41: resources.a.GET.response.owner: expected a TypeBox type, got an object of types; write Type.Object({ name })",
    ],
  ],
  [
    ["a: { GET: { response: Type.Array({ id: Type.Integer() }) } }"],
    ["7:38: resources.a.GET.response[]: expected a TypeBox type, got an object of types; write Type.Object({ id })"],
  ],
  [
    ["a: { GET: { response: Type.String } }"],
    [
      "7:17: resources.a.GET.response: expected a TypeBox type, got the function Type.String; call it: Type.String(...)",
    ],
  ],
  [
    ["a: { GET: { response: Type.Object } }"],
    [
      "7:17: resources.a.GET.response: expected a TypeBox type, got the function Type.Object; call it: Type.Object(...)",
    ],
  ],
  [
    ["a: { GET: { response: class User { id = 1 } } }"],
    [
      "7:17: resources.a.GET.response: expected a TypeBox type, got the class User; declare the fields of its instances with Type.Object({ ... })",
    ],
  ],
  [["a: { GET: { response: () => 1 } }"], ["7:17: resources.a.GET.response: expected a TypeBox type, got a function"]],
  [['a: { GET: { response: "string" } }'], ["7:17: resources.a.GET.response: expected a TypeBox type, got a string"]],
  [["a: { GET: { response: 5 } }"], ["7:17: resources.a.GET.response: expected a TypeBox type, got a number"]],
  [["a: { GET: { response: null } }"], ["7:17: resources.a.GET.response: expected a TypeBox type, got null"]],
  [
    ["a: { GET: { response: [Type.String()] } }"],
    ["7:17: resources.a.GET.response: expected a TypeBox type, got an array"],
  ],
  [
    ["a: { GET: { response: new Date() } }"],
    ["7:17: resources.a.GET.response: expected a TypeBox type, got an instance of Date, which JSON cannot carry"],
  ],
  [
    ["a: { GET: { response: new Map() } }"],
    ["7:17: resources.a.GET.response: expected a TypeBox type, got an instance of Map, which JSON cannot carry"],
  ],
  [
    ['a: { GET: { response: ({ _def: {}, "~standard": { vendor: "zod" } }) } }'],
    [
      "7:17: resources.a.GET.response: expected a TypeBox type, got a schema of Zod; declare it with TypeBox, such as Type.Object({ ... })",
    ],
  ],
  [
    ['a: { GET: { response: ({ "~standard": { vendor: "valibot" } }) } }'],
    [
      "7:17: resources.a.GET.response: expected a TypeBox type, got a schema of Valibot; declare it with TypeBox, such as Type.Object({ ... })",
    ],
  ],
  [
    ['a: { GET: { response: Type.Object({ a: ({ "~standard": { vendor: "arktype" } }) }) } }'],
    [
      "7:41: resources.a.GET.response.a: expected a TypeBox type, got a schema of ArkType; declare it with TypeBox, such as Type.Object({ ... })",
    ],
  ],
  [
    ["a: { GET: { response: Type.Date() } }"],
    ["7:27: Type.Date is not a function; check the name, or what Type is imported from"],
  ],
  [
    ["a: { GET: { response: Type.Strng() } }"],
    ["7:27: Type.Strng is not a function; check the name, or what Type is imported from"],
  ],
  [
    ["a: { GET: { response: Type.BigInt() } }"],
    [
      "7:17: resources.a.GET.response: JSON cannot carry bigint; use Type.Integer(), or Type.String() for numbers beyond 2^53",
    ],
  ],
  [
    ["a: { GET: { response: Type.Undefined() } }"],
    [
      "7:17: resources.a.GET.response: JSON cannot carry undefined; use Type.Optional(...) for a property that may be absent, or Type.Null()",
    ],
  ],
  [
    ["a: { GET: { response: Type.Void() } }"],
    ["7:17: resources.a.GET.response: JSON cannot carry void; use Type.Null()"],
  ],
  [
    ["a: { GET: { response: Type.Function([], Type.Null()) } }"],
    ["7:17: resources.a.GET.response: JSON cannot carry function; declare a method"],
  ],
  [
    ["a: { GET: { response: Type.Symbol() } }"],
    ['7:17: resources.a.GET.response: JSON cannot carry symbol; use Type.Literal("...")'],
  ],
  [
    ["a: { GET: { response: Type.Object({ a: Type.Array(Type.BigInt()) }) } }"],
    [
      "7:55: resources.a.GET.response.a[]: JSON cannot carry bigint; use Type.Integer(), or Type.String() for numbers beyond 2^53",
    ],
  ],
  [
    ["a: { GET: { response: Type.Promise(Type.Null()) } }"],
    ["7:27: Type.Promise is not a function; check the name, or what Type is imported from"],
  ],
  [
    ['a: { GET: { response: Type.String({ format: "emial" }) } }'],
    [
      '7:17: resources.a.GET.response: unknown format "emial"; known formats: binary, byte, date, date-time, double, duration, email, float, hostname, int32, int64, ipv4, ipv6, iso-date-time, iso-time, json-pointer, json-pointer-uri-fragment, password, regex, relative-json-pointer, time, uri, uri-reference, uri-template, uuid',
    ],
  ],
  [
    ['a: { GET: { response: Type.String({ format: "url" }) } }'],
    ['7:17: resources.a.GET.response: format "url" takes time quadratic in the length of the text; use "uri"'],
  ],
  [
    ['a: { GET: { response: Type.String({ pattern: "(" }) } }'],
    ['7:17: resources.a.GET.response: invalid "pattern": Invalid regular expression: /(/u: Unterminated group'],
  ],
  [
    ["a: { GET: { response: Type.String({ minLength: -1 }) } }"],
    ['7:17: resources.a.GET.response: "minLength" must be a non-negative integer'],
  ],
  [
    ["a: { GET: { response: Type.String({ maxLength: 1.5 }) } }"],
    ['7:17: resources.a.GET.response: "maxLength" must be a non-negative integer'],
  ],
  [
    ['a: { GET: { response: Type.Number({ minimum: "1" }) } }'],
    ['7:17: resources.a.GET.response: "minimum" must be a number'],
  ],
  [
    ["a: { GET: { response: Type.Number({ multipleOf: 0 }) } }"],
    ['7:17: resources.a.GET.response: "multipleOf" must be a number greater than 0'],
  ],
  [
    ["a: { GET: { response: Type.String({ description: 5 }) } }"],
    ['7:17: resources.a.GET.response: "description" must be a string'],
  ],
  [
    ['a: { GET: { response: Type.Ref("X") } }'],
    ['7:17: resources.a.GET.response: unknown type "X"; Type.Ref works only inside Type.Cyclic and Type.Module'],
  ],
  [
    ['a: { GET: { response: Type.Object({ a: Type.Ref("X") }) } }'],
    ['7:41: resources.a.GET.response.a: unknown type "X"; Type.Ref works only inside Type.Cyclic and Type.Module'],
  ],
  [
    ['a: { GET: { response: ({ type: "date" }) } }'],
    ["7:17: resources.a.GET.response: JSON cannot carry date; use a JSON type"],
  ],
  [
    ["a: { GET: { response: ({ type: [] }) } }"],
    ['7:17: resources.a.GET.response: "type" is an empty array; use Type.Unknown() for any value'],
  ],
  [["a: { GET: { response: ({ enum: [] }) } }"], ['7:17: resources.a.GET.response: "enum" must be a non-empty array']],
  [
    ['a: { GET: { response: ({ type: "object", properties: 5 }) } }'],
    ['7:17: resources.a.GET.response: "properties" must be an object of schemas'],
  ],
  [
    ['a: { GET: { response: ({ type: "object", required: "a" }) } }'],
    ['7:17: resources.a.GET.response: "required" must be an array of property names'],
  ],
  [
    ["a: { GET: { response: Type.Refine(Type.String(), () => true) } }"],
    ["7:17: resources.a.GET.response: the check of Type.Refine cannot be serialized; use JSON Schema keywords"],
  ],
  [
    ["a: { GET: { response: Type.Object({ __proto__x: Type.Object({ a: Type.Undefined() }) }) } }"],
    [
      "7:67: resources.a.GET.response.__proto__x.a: JSON cannot carry undefined; use Type.Optional(...) for a property that may be absent, or Type.Null()",
    ],
  ],
  [
    ["a: { GET: { response: undefined } }"],
    ["7:10: resources.a.GET: missing response; add `response`, such as Type.Null(), or `responseStream`"],
  ],
  [
    ["a: { GET: { response: undefined as any, request: undefined as any } }"],
    ["7:10: resources.a.GET: missing response; add `response`, such as Type.Null(), or `responseStream`"],
  ],
  [
    ['notes: { reserved: ["DELETE"], GET: { response: Type.Null() }, DELETE: { response: Type.Null() } }'],
    [
      "7:68: resources.notes.DELETE: the verb DELETE is reserved (schema/api.ts:7) since a method with it was removed; use another verb or resource",
    ],
  ],
  [
    ['notes: { reserved: ["DELET"], GET: { response: Type.Null() } }'],
    [`7:25: resources.notes.reserved[0]: unknown verb DELET (did you mean "DELETE"?); known verbs: ${VERBS}`],
  ],
  [
    ['notes: { reserved: "DELETE", GET: { response: Type.Null(), since: 5 } }'],
    [
      '7:14: resources.notes.reserved: expected an array of the verbs of removed methods, such as ["DELETE"]',
      '7:64: resources.notes.GET.since: expected a version of the API, such as "1.2.0"',
    ],
  ],
  [
    ["notes: { deprecated: 5, GET: { response: Type.Null() } }"],
    ["7:14: resources.notes.deprecated: expected true, false or the reason"],
  ],
  [
    ['notes: { GET: { response: Type.Object({ text: Type.Null() }, { reserved: ["body", "text"] }) } }'],
    [
      "7:45: resources.notes.GET.response.text: the name text is reserved since a property with it was removed; choose another one",
    ],
  ],
  [
    [
      'notes: { GET: { response: Type.Intersect([Type.Object({}, { reserved: ["text"] }), Type.Object({ text: Type.Null() })]) } }',
    ],
    [
      "7:21: resources.notes.GET.response: the name text is reserved in one member of the intersection, and another declares it; rename it",
    ],
  ],
];
