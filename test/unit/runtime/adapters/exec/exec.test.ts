import type { Contract } from "sshrpc/contract";
import { expect, test } from "vitest";
import { Catalog } from "../../../../../runtime/src/adapters/catalog/catalog.js";
import { helpText } from "../../../../../runtime/src/adapters/catalog/help-text.js";
import { exec } from "../../../../../runtime/src/adapters/exec/exec-adapter.js";
import { until, within } from "../../support/wait.js";
import { finish, MemorySession, type MemorySessionOptions, type Outcome } from "../memory-session.js";
import { NOTES, CONTRACT as NOTES_CONTRACT, noSuchNote, serveNotes } from "../notes-server.js";

type Handlers = Parameters<typeof serveNotes>[0];

/** Runs a command to its end. */
async function run(
  command: string,
  { handlers, input, ...options }: { handlers?: Handlers; input?: string | Buffer } & MemorySessionOptions = {},
): Promise<Omit<Outcome, "stdout"> & { stdout: string; bytes: Buffer }> {
  const { server, log } = serveNotes(handlers);
  const session = new MemorySession(options);
  void exec(session, command, { server, log, inputTimeout: 60_000 });
  const outcome = await finish(session, input);
  return { ...outcome, stdout: outcome.stdout.toString(), bytes: outcome.stdout };
}

/** The error that a command writes. */
async function failure(command: string, more: Parameters<typeof run>[1] = {}): Promise<Record<string, unknown>> {
  const { stderr, stdout, status } = await run(command, more);
  expect(stderr).toMatch(/^.*\n$/);
  const error = JSON.parse(stderr);
  expect(status).toBe(error.code < 500 ? 4 : 5);
  return { ...error, stdout };
}

test("a call by path prints its response on one line, and exits with 0", async () => {
  expect(await run("GET /notes/42")).toMatchObject({ status: 0, stdout: '{"id":42}\n', stderr: "" });
});

test("an error is one line of JSON on standard error; its class determines the exit status", async () => {
  const more = { handlers: { "GET /notes/{id}": noSuchNote } };
  expect(await run("GET /notes/7", more)).toEqual({
    status: 4,
    stdout: "",
    bytes: Buffer.alloc(0),
    stderr:
      '{"status":"NOT_FOUND","code":404,"method":"GET /notes/{id}","message":"no such note","details":{"id":7}}\n',
  });
  const broken = () => {
    throw new Error("secret");
  };
  expect(await failure("GET /notes/7", { handlers: { "GET /notes/{id}": broken } })).toMatchObject({
    status: "INTERNAL",
    message: expect.not.stringContaining("secret"),
  });
});

test("accepts JSON with or without the layer of quotes that ssh removes", async () => {
  const expected = { status: 0, stdout: '{"text":"hi  there"}\n' };
  expect(await run('STORE /notes {"text":"hi  there"}')).toMatchObject(expected);
  expect(await run(`STORE /notes '{"text":"hi  there"}'`)).toMatchObject(expected);
  expect(await run(`STORE /notes --timeout 2s {"text":"hi  there"}`)).toMatchObject(expected);
});

test("fields have the types of the schema", async () => {
  const { stdout } = await run(`STORE /notes text=42 tags=["a","b"] number=5 more='"x"' other=y`);
  expect(JSON.parse(stdout)).toEqual({ text: "42", tags: ["a", "b"], number: 5, more: "x", other: "y" });
  expect((await run("GET /notes limit=5 exact=true tag=red")).stdout).toBe('{"limit":5,"exact":true,"tag":"red"}\n');
  expect((await run("GET /notes limit=few")).stdout).toBe('{"limit":"few"}\n');
});

test("reads the request from standard input if the command has none and the method requires one", async () => {
  const input = '{"text":\n"hi"}\n';
  expect((await run("STORE /notes", { input })).stdout).toBe('{"text":"hi"}\n');
  expect((await run("GET /notes -", { input })).stdout).toBe('{"text":"hi"}\n');
});

test("does not wait for standard input if the method requires no request", async () => {
  const { server, log } = serveNotes();
  for (const command of ["GET /notes", "GET /notes/1", "STORE /notes text=x", "help"]) {
    const session = new MemorySession();
    void exec(session, command, { server, log, inputTimeout: 60_000 });
    session.remote.resume();
    expect(await session.exited).toBe(0);
  }
});

test("prints a stream as one value per line; its response goes to standard error", async () => {
  const ticks = async function* () {
    yield { tick: 1 };
    yield "two\n";
    return 2;
  };
  expect(await run("GET /ticks", { handlers: { "GET /ticks": ticks } })).toMatchObject({
    status: 0,
    stdout: '{"tick":1}\n"two\\n"\n',
    stderr: "2\n",
  });
});

test("prints the items of a stream before its error", async () => {
  const ticks = async function* () {
    yield 1;
    noSuchNote({ id: 1 });
  };
  expect(await failure("GET /ticks", { handlers: { "GET /ticks": ticks } })).toMatchObject({
    stdout: "1\n",
    code: 404,
  });
});

test("reads the request stream from lines of standard input", async () => {
  const sum = async (_: unknown, numbers: AsyncIterable<number>) => {
    let total = 0;
    for await (const number of numbers) total += number;
    return total;
  };
  const handlers = { "STORE /sum": sum };
  expect(await run("STORE /sum", { handlers, input: "1\n\n2\r\n3" })).toMatchObject({ status: 0, stdout: "6\n" });
  expect(await run("STORE /sum", { handlers })).toMatchObject({ status: 0, stdout: "0\n" });
  expect(await failure("STORE /sum", { handlers, input: "1\n2\n{x}\n" })).toMatchObject({
    status: "BAD_REQUEST",
    message: 'standard input, line 3: invalid JSON at line 1, column 2: unexpected token "x}"',
  });
});

test("a line with a number larger than a double ends the call, with the number in the message", async () => {
  const sum = async (_: unknown, numbers: AsyncIterable<number>) => {
    for await (const _number of numbers);
  };
  const more = { handlers: { "STORE /sum": sum }, input: "1\n-1e400\n" };
  expect(await failure("STORE /sum", more)).toMatchObject({
    status: "BAD_REQUEST",
    message: expect.stringMatching(/^standard input, line 2: number out of range: -1e400; the maximum is/),
  });
});

test("invalid JSON and the content of strings are taken as text", async () => {
  const { stdout } = await run('STORE /notes text=1e400 other=Infinity more=NaN tags=["1e400","\\",1e999"]');
  expect(JSON.parse(stdout)).toEqual({ text: "1e400", other: "Infinity", more: "NaN", tags: ["1e400", '",1e999'] });
});

test("streams in both directions at the same time", async () => {
  const chat = async function* (_: unknown, lines: AsyncIterable<string>) {
    for await (const line of lines) yield line.toUpperCase();
  };
  const { server, log } = serveNotes({ "UPDATE /chat": chat });
  const session = new MemorySession();
  void exec(session, "UPDATE /chat", { server, log, inputTimeout: 60_000 });
  let heard = "";
  session.remote.on("data", (chunk) => {
    heard += chunk;
  });
  session.remote.write('"one"\n');
  await until("the first line", () => heard === '"ONE"\n');
  session.remote.write('"two"\n"th');
  await until("the second line", () => heard === '"ONE"\n"TWO"\n');
  session.remote.end('ree"\n');
  expect(await session.exited).toBe(0);
  expect(heard).toBe('"ONE"\n"TWO"\n"THREE"\n');
});

test("raw bytes pass unchanged in both directions", async () => {
  const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
  const get = async function* () {
    yield content;
    return content.length;
  };
  const { status, bytes, stderr } = await run("GET /files/a.bin", { handlers: { "GET /files/{name}": get } });
  expect({ status, stderr, isSame: content.equals(bytes) }).toEqual({ status: 0, stderr: "300000\n", isSame: true });
  const chunks: Uint8Array[] = [];
  const store = async ({ name }: { name: string }, bytes: AsyncIterable<Uint8Array>) => {
    for await (const chunk of bytes) chunks.push(chunk);
    return name;
  };
  const handlers = { "STORE /files/{name}": store };
  expect(await run("STORE /files/a%2Fb", { handlers, input: content })).toMatchObject({ status: 0, stdout: '"a/b"\n' });
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
});

test("a disconnect cancels the call, and its partial input is not treated as complete", async () => {
  let seen: string | undefined;
  const store = async (_: unknown, bytes: AsyncIterable<Uint8Array>) => {
    try {
      for await (const _ of bytes);
      seen = "all of it";
    } catch (error) {
      seen = (error as { status: string }).status;
    }
  };
  const { server, log } = serveNotes({ "STORE /files/{name}": store });
  const session = new MemorySession();
  void exec(session, "STORE /files/a", { server, log, inputTimeout: 60_000 });
  session.remote.write("half of it");
  await until("the call", () => server.calls === 1);
  session.remote.destroy();
  await until("the end of the handler", () => seen !== undefined);
  expect(seen).toBe("CANCELLED");
  await until("the end of the call", () => server.connections === 0 && server.calls === 0);
});

test.each(["INT", "TERM", "HUP", "QUIT"])("the signal %s cancels the call", async (name) => {
  const ticks = async function* (_: unknown, ctx: { signal: AbortSignal }) {
    yield 1;
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
  };
  const { server, log } = serveNotes({ "GET /ticks": ticks as never });
  const session = new MemorySession();
  void exec(session, "GET /ticks", { server, log, inputTimeout: 60_000 });
  await new Promise((resolve) => session.remote.once("data", resolve));
  session.sendSignal("WINCH");
  session.sendSignal(name);
  expect(await session.exited).toBe(4);
  expect(JSON.parse(session.stderr)).toMatchObject({ status: "CANCELLED", code: 499 });
  await until("the end of the call", () => server.calls === 0);
});

test("a peer that does not read stops the handler (flow control)", async () => {
  let sent = 0;
  const get = async function* () {
    for (;;) {
      sent++;
      yield Buffer.alloc(64 * 1024);
    }
  };
  const { server, log } = serveNotes({ "GET /files/{name}": get });
  const session = new MemorySession();
  void exec(session, "GET /files/a", { server, log, inputTimeout: 60_000 });
  for (let before = -1; sent !== before; ) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(100);
  session.remote.destroy();
  await until("the end of the connection", () => server.connections === 0);
});

test("--timeout sets the deadline of the call", async () => {
  const slow = (_: unknown, ctx: { signal: AbortSignal }) =>
    new Promise((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
  const error = await failure("GET /notes/1 --timeout 20ms", { handlers: { "GET /notes/{id}": slow as never } });
  expect(error).toMatchObject({ status: "DEADLINE_EXCEEDED", code: 504 });
});

test("--timeout includes the wait for the request", async () => {
  const { server, log } = serveNotes();
  const session = new MemorySession();
  void exec(session, "STORE /notes --timeout 50ms", { server, log, inputTimeout: 60_000 });
  session.remote.resume();
  expect(await within("the refusal", session.exited)).toBe(5);
  expect(JSON.parse(session.stderr)).toMatchObject({
    status: "DEADLINE_EXCEEDED",
    message: "no request on standard input within 50 ms",
  });
});

test("RPC_ variables become metadata", async () => {
  const get = (_: unknown, ctx: { metadata: ReadonlyMap<string, unknown> }) => [...ctx.metadata];
  const environment = { RPC_TRACEPARENT: "00-1-2-00", RPC_REQUEST_ID: "7", HOME: "/", RPC_: "x" };
  const { stdout } = await run("GET /notes/1", { environment, handlers: { "GET /notes/{id}": get as never } });
  expect(JSON.parse(stdout)).toEqual([
    ["traceparent", ["00-1-2-00"]],
    ["request-id", ["7"]],
  ]);
});

test("refuses metadata over the limit", async () => {
  const error = await failure("GET /notes/1", { environment: { RPC_X: "x".repeat(20_000) } });
  expect(error).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
});

test("checks scopes, and lists only methods that the peer may call", async () => {
  const peer = { user: "bob", scopes: ["notes:read"] };
  expect(await failure("STORE /notes text=x", { peer })).toMatchObject({ status: "FORBIDDEN" });
  const { stdout } = await run("help", { peer });
  expect(stdout).toContain("GET /notes ");
  expect(stdout).not.toContain("STORE /notes");
  expect(await failure("describe STORE /notes", { peer })).toMatchObject({ status: "NOT_FOUND" });
  expect(Object.keys(JSON.parse((await run("describe /notes", { peer })).stdout).resources.notes.methods)).toEqual([
    "GET",
  ]);
});

test("help prints the fields and results of a resource", async () => {
  const { stdout, status } = await run("help notes");
  expect(status).toBe(0);
  expect(stdout).toBe(`GET /notes
  Lists notes.
  limit  integer, optional
  tag    Tag (string), optional  one of "red", "blue"
  exact  boolean, optional
  returns Note[]
  requires the scope notes:read

STORE /notes
  Adds a note.
  text    string                                                                                  What it says.
  tags    string[], optional         at most 20 items, each 1 to 40 characters, matches ^[a-z]+$
  number  string | number, optional
  share   number, optional           at least 0, under 1, a multiple of 0.25, default 0.5
  returns Note
  requires the scope notes:write
`);
});

test("help prints the fields of each member of a union", async () => {
  const circle = { type: "object", properties: { kind: { const: "circle" }, radius: { type: "number" } } };
  const types = { Circle: { ...circle, required: ["kind", "radius"] }, Shape: { anyOf: [{ $ref: "#/types/Circle" }] } };
  const request = { anyOf: [...types.Shape.anyOf, { type: "object", properties: { side: { type: "number" } } }] };
  const methods = { GET: { kind: "unary", idempotent: true, request, response: { type: "null" } } } as const;
  const contract = { ...NOTES_CONTRACT, types, resources: { notes: { path: "/notes", methods } } };
  const catalog = new Catalog({ ...NOTES, contract: async () => contract }, { user: "alice", scopes: ["*"] });
  expect(await helpText(["GET", "/notes"], catalog)).toBe(`GET /notes
  either Circle
    kind    "circle"
    radius  number
  or object
    side  number, optional
  returns null
  requires the scope notes:read
`);
});

test("help marks what is deprecated, and says since when a method exists", async () => {
  const properties = { text: { type: "string", deprecated: true } };
  const get = { kind: "unary", idempotent: true, request: { type: "object", properties }, response: { type: "null" } };
  const methods = {
    GET: { ...get, description: "Lists notes.", deprecated: "use /texts" },
    STORE: { ...get, since: "1.3.0" },
  } as const;
  const contract = { ...NOTES_CONTRACT, resources: { notes: { path: "/notes", since: "1.1.0", methods } } } as Contract;
  const catalog = new Catalog({ ...NOTES, contract: async () => contract }, { user: "alice", scopes: ["*"] });
  expect(await helpText([], catalog)).toContain("\n  GET /notes           (deprecated) Lists notes.\n");
  expect(await helpText(["/notes"], catalog)).toBe(`GET /notes
  Lists notes.
  text  string, optional, deprecated
  returns null
  requires the scope notes:read
  since 1.1.0
  deprecated: use /texts

STORE /notes
  text  string, optional, deprecated
  returns null
  requires the scope notes:write
  since 1.3.0
`);
});

test("describe prints JSON Schemas with the types that they refer to", async () => {
  for (const topic of ["/notes/{id}", "/notes/42", "note", "GET /notes/{id}"]) {
    const { resources, types } = JSON.parse((await run(`describe ${topic}`)).stdout);
    expect(Object.keys(resources)).toEqual(["note"]);
    expect(resources.note.methods.GET.request.properties).toEqual({ id: { type: "integer" } });
    expect(Object.keys(types)).toEqual(["Note"]);
  }
  expect(await failure("describe /nots")).toMatchObject({
    code: 404,
    message: expect.stringMatching(/mean \/notes\?$/),
  });
});

test("version prints the API and its version", async () => {
  expect(JSON.parse((await run("version")).stdout)).toMatchObject({ api: "notes", version: "1.0.0" });
});

test.each([
  ["get /notes", "BAD_REQUEST", /unknown command "get"; did you mean GET\?/],
  ["FROBNICATE /notes", "BAD_REQUEST", /unknown command "FROBNICATE" \(usage: /],
  ["GET", "BAD_REQUEST", /^GET: missing path/],
  ["GET /nots", "NOT_FOUND", /unknown resource \/nots; did you mean \/notes\?/],
  ["GET /nots/42", "NOT_FOUND", /did you mean \/notes\/\{id\}\?/],
  ["DELETE /notes", "METHOD_NOT_ALLOWED", /supported: GET, STORE/],
  ["GET notes", "NOT_FOUND", /unknown resource notes: a path must begin with "\/"/],
  ["GET /notes/", "NOT_FOUND", /unknown resource \/notes\//],
  ["GET //notes", "NOT_FOUND", /unknown resource/],
  ["GET /../notes", "NOT_FOUND", /unknown resource/],
  ["GET notes", "NOT_FOUND", /did you mean \/notes\?/],
  [
    "STORE /notes {\"text\":'hi'}",
    "BAD_REQUEST",
    /^the request: invalid JSON at line 1, column 9: unexpected token "'hi'}"/,
  ],
  ['STORE /notes {"text":"hi"', "BAD_REQUEST", /unclosed JSON at character 14/],
  ["STORE /notes text='hi", "BAD_REQUEST", /unclosed quote at character 19/],
  [
    "STORE /notes text=two words",
    "BAD_REQUEST",
    /"words": expected FIELD=VALUE; quote a value with spaces, and over ssh twice, because/,
  ],
  ["STORE /notes text=a text=b", "BAD_REQUEST", /repeated field "text"/],
  ['STORE /notes {"text":"a"} text=b', "BAD_REQUEST", /unexpected argument "text=b" after the request/],
  ["STORE /notes - text=b", "BAD_REQUEST", /unexpected argument "text=b" after the request/],
  ["STORE /notes text=b -", "BAD_REQUEST", /"-": expected FIELD=VALUE/],
  ["STORE /notes --verbose text=a", "BAD_REQUEST", /unknown or repeated option "--verbose"/],
  ["STORE /notes text=a --timeout soon", "BAD_REQUEST", /--timeout: invalid duration "soon"; write 500ms/],
  [
    "STORE /notes text=a --idempotency-key a --idempotency-key=b",
    "BAD_REQUEST",
    /repeated option "--idempotency-key=b"/,
  ],
  ["GET /ticks --after", "BAD_REQUEST", /--after: a position must not be empty/],
  [`GET /ticks --after ${"x".repeat(513)}`, "BAD_REQUEST", /--after: a position of 513 bytes; the limit is 512/],
  ["GET /ticks --after 1 --after=2", "BAD_REQUEST", /unknown or repeated option "--after=2"/],
  ["GET /notes/1 --after 1", "BAD_REQUEST", /resume-after: the method has no response stream that could resume/],
  ["GET /notes/1 --positions", "BAD_REQUEST", /--positions: the method has no response stream/],
  ["GET /files/a --positions", "BAD_REQUEST", /--positions: the method streams raw bytes/],
  ["STORE /sum -", "BAD_REQUEST", /standard input carries the request stream/],
  ["GET /notes/\ufffd", "BAD_REQUEST", /not valid UTF-8/],
  ["STORE /notes __proto__=1 text=x", "BAD_REQUEST", /invalid JSON: the key "__proto__"/],
  [
    'STORE /notes {"text":"x","number":1e400}',
    "BAD_REQUEST",
    /^the request: number out of range: 1e400; the maximum is 1\.79/,
  ],
  ['STORE /notes {"text":"x","more":[{"a":-1E+400}]}', "BAD_REQUEST", /^the request: number out of range: -1E\+400; /],
  ["STORE /notes text=x number=1e400", "BAD_REQUEST", /^the field "number": number out of range: 1e400; /],
  ["STORE /notes text=x other=-1e400", "BAD_REQUEST", /^the field "other": number out of range: -1e400; /],
  [`STORE /notes text=x number=${"9".repeat(400)}`, "BAD_REQUEST", /out of range: 9{20}…; the maximum is/],
  ["help nots", "NOT_FOUND", /did you mean notes\?/],
])("%s is refused with %s", async (command, status, message) => {
  expect(await failure(command)).toMatchObject({ status, message: expect.stringMatching(message), stdout: "" });
});

test.each([
  ["{]", /^the request on standard input: invalid JSON at line 1, column 2: unexpected token "]"/],
  ['{"text":"x","number":1e400}', /^the request on standard input: number out of range: 1e400; the maximum is/],
  [Buffer.from([0x22, 0xff, 0x22]), /^the request on standard input: not valid UTF-8/],
  [`"${"x".repeat(5_000_000)}"`, /the request on standard input: longer than the limit of 4194304 bytes/],
])("refuses an invalid request on standard input", async (input, message) => {
  expect((await failure("STORE /notes", { input }))["message"]).toMatch(message);
});

test("ignores standard input if the command has a request", async () => {
  expect((await run("STORE /notes text=said", { input: '{"text":"piped"}' })).stdout).toBe('{"text":"said"}\n');
  expect((await run('STORE /notes {"text":"said"}', { input: "no JSON" })).stdout).toBe('{"text":"said"}\n');
});

test("an escaped path segment is one parameter, and never leads to another resource", async () => {
  const handlers = {
    "GET /files/{name}": async function* ({ name }: { name: string }) {
      yield Buffer.from(name);
    },
  };
  expect((await run("GET /files/a%2Fb%20c", { handlers })).stdout).toBe("a/b c");
  expect((await run("GET /files/..%2F..%2Fnotes", { handlers })).stdout).toBe("../../notes");
  expect((await run("GET /files/%2e%2e", { handlers })).stdout).toBe("..");
  for (const path of ["/files/a/b", "/files/../notes", "/files//a", "/files/%zz", "/files/%ff"]) {
    expect(await failure(`GET ${path}`, { handlers })).toMatchObject({ status: "NOT_FOUND", stdout: "" });
  }
});

test("an empty standard input is an empty request; with - it is refused", async () => {
  const missing = { status: "BAD_REQUEST", method: "STORE /notes", message: "/x must fit", stdout: "" };
  expect(await failure("STORE /notes", { input: "" })).toMatchObject(missing);
  expect(await failure("STORE /notes", { input: "\n" })).toMatchObject(missing);
  const { message } = await failure("STORE /notes -", { input: "" });
  expect(message).toMatch(/the request on standard input: empty; expected JSON/);
});

test("an invalid path parameter is refused at once, without a wait for standard input", async () => {
  const { server, log } = serveNotes();
  const session = new MemorySession();
  void exec(session, "GET /notes/x", { server, log, inputTimeout: 60_000 });
  session.remote.resume();
  expect(await within("the refusal", session.exited)).toBe(4);
  expect(await failure("GET /notes/x")).toMatchObject({ status: "BAD_REQUEST", message: "/id must be integer" });
});

test("a command may have 32 KiB; a longer one is refused with an alternative", async () => {
  const command = "STORE /notes text=".padEnd(32 * 1024, "x");
  expect(await run(command)).toMatchObject({ status: 0, stderr: "" });
  // In bytes, as every limit.
  for (const more of [`${command}x`, `${command.slice(0, -1)}é`]) {
    expect(await failure(more)).toMatchObject({
      status: "MESSAGE_TOO_LARGE",
      code: 413,
      message: "the command is longer than 32768 bytes; send the request on standard input",
      stdout: "",
    });
  }
});

test("refuses a path that is too long", async () => {
  const { status, message } = await failure(`GET /files/${"x".repeat(9000)}`);
  expect(status).toBe("MESSAGE_TOO_LARGE");
  expect(message).toMatch(/verb and path have 9011 characters; the limit is 8192/);
});

test("a server that is closing answers UNAVAILABLE", async () => {
  const { server, log } = serveNotes();
  await server.close();
  const session = new MemorySession();
  void exec(session, "GET /notes/1", { server, log, inputTimeout: 60_000 });
  expect((await finish(session)).status).toBe(5);
  expect(JSON.parse(session.stderr)).toMatchObject({ status: "UNAVAILABLE" });
});

test("escapes control characters of responses", async () => {
  const { stdout } = await run("GET /notes/1", { handlers: { "GET /notes/{id}": () => "\u001b[2J\u009b31m\u202e" } });
  expect(stdout).toBe('"\\u001b[2J\\u009b31m\\u202e"\n');
});
