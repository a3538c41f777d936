import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type ServeOptions, serveHandlers } from "sshrpc/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { defineHandlers } from "../../../conformance/generated/server.js";
import { conformanceHandlers, Waits } from "../../../conformance/handlers.js";
import { run } from "../../../interop/run.js";
import { sshOptions } from "../../../interop/sshd.js";
import { itWith } from "../../../interop/stock.js";
import { makeKey, startRelay } from "../ssh/support.js";
import { until, within } from "../support/wait.js";
import { BIN, type Outcome, sshrpc, tempDir } from "./run.js";

interface Bench {
  readonly waits: Waits;
  /** The arguments that lead to the server; then come verb and path. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly port: number;
  readonly call: (args: readonly string[], stdin?: string) => Promise<Outcome>;
  /** Runs the same words by the stock ssh program. */
  readonly ssh: (words: readonly string[]) => Promise<Outcome>;
}

/** A server, and `sshrpc call` to it. */
async function startBench(
  files: Readonly<Record<string, string>> = {},
  options: Pick<ServeOptions, "exec" | "observer"> = {},
): Promise<Bench> {
  const cwd = tempDir(files);
  const [host, alice] = [makeKey(cwd, "host"), makeKey(cwd, "alice")];
  const waits = new Waits();
  const server = await serveHandlers(defineHandlers(conformanceHandlers(waits)), {
    port: 0,
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [`scopes="items:*" ${alice.line} alice`] },
    log: false,
    ...options,
  });
  onTestFinished(() => server.close());
  const known = tempDir({ known_hosts: `[127.0.0.1]:${server.port} ${host.line}\n` });
  const flags = ["--identity", alice.file, "--known-hosts", `${known}/known_hosts`];
  const args = ["call", ...flags, `ssh://alice@127.0.0.1:${server.port}`];
  const stockOptions = sshOptions({ knownHosts: `${known}/known_hosts`, identity: alice.file, port: server.port });
  return {
    waits,
    args,
    cwd,
    port: server.port,
    call: (more, stdin = "") => sshrpc([...args, ...more], { cwd, stdin }),
    ssh: async (words) => {
      const { status, stdout, stderr } = await run("ssh", [...stockOptions, "alice@127.0.0.1", ...words]);
      return { status: status as number, stdout, stderr };
    },
  };
}

test("JSON lines are streamed from a file or standard input, and the items of the response are printed as lines", async () => {
  const lines = '{"text":"a"}\n\n{"text":"b\\u009b31m"}';
  const { call } = await startBench({ lines });
  const expected = {
    status: 0,
    stderr: '{"received":2,"bytes":6}\n',
    stdout: '{"text":"a"}\n{"text":"b\\u009b31m"}\n',
  };
  const echo = ["UPDATE", "/run", '{"name":"x","echo":true}', "--items"];
  expect(await call([...echo, "lines"])).toEqual(expected);
  expect(await call([...echo, "-"], lines)).toEqual(expected);
});

test("raw bytes pass unchanged in both directions", async () => {
  const { call } = await startBench({ file: "0123456789".repeat(100_000) });
  const up = await call(["STORE", "/bytes", '{"name":"up"}', "--bytes", "--items", "file"]);
  expect(JSON.parse(up.stdout)).toMatchObject({ bytes: 1_000_000 });
  const down = await call(["GET", "/bytes", '{"name":"down","sizes":[70000,0,3]}', "--bytes"]);
  expect(down).toEqual({ status: 0, stdout: "x".repeat(70_003), stderr: '{"received":0,"bytes":0}\n' });
  const none = await call(["GET", "/bytes", '{"name":"none"}', "--bytes"]);
  expect(none).toEqual({ status: 0, stdout: "", stderr: '{"received":0,"bytes":0}\n' });
});

describe("a request stream", () => {
  const SIZE = 40_000_000;
  const lines = '{"text":"0123456789"}\n'.repeat(200_000);

  /** Calls over a relay, which resets the connection when the handler has taken some items. */
  async function callWhileCut(
    file: string,
    words: readonly string[],
    change: (file: string) => void = () => undefined,
  ): Promise<Outcome & { readonly runs: number }> {
    const { args, cwd, port, waits } = await startBench({ file });
    const relay = await startRelay(port);
    const known = readFileSync(args[args.indexOf("--known-hosts") + 1] as string, "utf8");
    writeFileSync(join(cwd, "known_hosts"), known.replaceAll(`:${port} `, `:${relay.port} `));
    const options = [...args.slice(0, 3), "--known-hosts", "known_hosts", `ssh://alice@127.0.0.1:${relay.port}`];
    const outcome = sshrpc([...options, ...words], { cwd, stdin: file });
    await until("some items", () => (waits.taken.get("up") ?? 0) > 10);
    expect(waits.finished).toEqual([]);
    change(join(cwd, "file"));
    relay.kill();
    return { ...(await within("the call", outcome)), runs: waits.started.length };
  }

  test.each([
    ["raw bytes", "a key that it makes", ["STORE", "/bytes", "--bytes"], "x".repeat(SIZE), { bytes: SIZE }],
    ["JSON lines", "a key that it makes", ["STORE", "/run"], lines, { received: 200_000 }],
    ["JSON lines", "the key of its user", ["STORE", "/run", "--idempotency-key", "up-1"], lines, { received: 200_000 }],
  ])("of %s in a file goes on where the server has it when its connection is lost, with %s", async (...row) => {
    const [, , [verb = "", path = "", ...flags], file, expected] = row;
    const { stdout, ...others } = await callWhileCut(file, [verb, path, "name=up", "--items", "file", ...flags]);
    expect(others).toEqual({ status: 0, stderr: "", runs: 1 });
    expect(JSON.parse(stdout)).toMatchObject(expected);
  });

  test.each([["--bytes"], []])(
    "of a file that has changed meanwhile ends with an error: it would be spliced (%s)",
    async (...flags) => {
      const [path, file] = flags.length > 0 ? ["/bytes", "x".repeat(SIZE)] : ["/run", lines];
      const words = ["STORE", path, "name=up", ...flags, "--items", "file"];
      const { status, stdout, stderr } = await callWhileCut(file, words, (name) =>
        writeFileSync(name, lines.slice(0, 22)),
      );
      expect([status === 0, stdout]).toEqual([false, ""]);
      expect(stderr).toContain("--items file: the file has changed since the call began");
    },
  );

  test("of standard input ends with its connection: it cannot be read again", async () => {
    const outcome = await callWhileCut(lines, ["STORE", "/run", "name=up", "--items", "-"]);
    expect(outcome).toMatchObject({ stdout: "", stderr: expect.stringContaining("UNAVAILABLE"), runs: 1 });
  });
});

test.each([
  ["GET", "/bytes", [], "GET /bytes: the method streams raw bytes; call it with --bytes"],
  ["STORE", "/bytes", ["--items", "lines"], "STORE /bytes: the method streams raw bytes; call it with --bytes"],
  ["GET", "/run", ["--bytes"], "GET /run: the method does not stream raw bytes; call it without --bytes"],
  [
    "STORE",
    "/run",
    ["--bytes", "--items", "lines"],
    "STORE /run: the method does not stream raw bytes; call it without --bytes",
  ],
  ["GET", "/items/1", ["--bytes"], "GET /items/1: the method does not stream raw bytes; call it without --bytes\n"],
  ["GET", "/secret", ["--bytes"], "FORBIDDEN: "],
])("%s %s %j is refused with the fix, and no handler runs", async (verb, path, flags, message) => {
  const { call, waits } = await startBench({ lines: '{"text":"a"}' });
  const { status, stdout, stderr } = await call([verb, path, '{"name":"mistaken"}', ...flags]);
  expect([status, stdout]).toEqual([4, ""]);
  expect(stderr).toContain(message);
  expect([...waits.started, ...waits.finished]).toEqual([]);
});

test("closing the output ends the stream without an error and stops the handler", async () => {
  const { args, cwd, waits } = await startBench();
  const env = { ...process.env, HOME: cwd, SSH_AUTH_SOCK: "", NODE_OPTIONS: "" };
  const child = spawn(process.execPath, [BIN, ...args, "GET", "/run", '{"name":"endless","endless":1000}'], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const status = await within("its end", new Promise((resolve) => child.once("close", resolve)));
  expect([status, said]).toEqual([0, ""]);
  await until("the handler's end", () => waits.finished.includes("endless"));
});

test("a terminal gets JSON on several lines, and other outputs on one", async () => {
  const { args, cwd, call } = await startBench();
  const echo = ["UPDATE", "/run", '{"name":"x","echo":true}', "--items", "-"];
  const terminal = await sshrpc([...args, ...echo], { cwd, stdin: '{"text":"a"}', terminal: { columns: 80 } });
  expect(terminal).toMatchObject({ status: 0, stdout: '{\n  "text": "a"\n}\n' });
  expect(await call(echo, '{"text":"a"}')).toMatchObject({ status: 0, stdout: '{"text":"a"}\n' });
});

test("bytes for a terminal are text without control characters, and for other outputs as they are", async () => {
  const { args, cwd, call } = await startBench({ file: "ü\x1b]0;owned\x07" });
  const echo = ["UPDATE", "/bytes", '{"name":"x","echo":true}', "--bytes", "--items", "file"];
  const terminal = await sshrpc([...args, ...echo], { cwd, terminal: { columns: 80 } });
  expect(terminal).toMatchObject({ status: 0, stdout: "ü\ufffd]0;owned\ufffd" });
  expect(await call(echo)).toMatchObject({ status: 0, stdout: "ü\x1b]0;owned\x07" });
});

test.each<[string, string[], string, number, string]>([
  [
    "no JSON in a line",
    ["--items", "-"],
    '{"text":"a"}\n{"text":}\n',
    4,
    "standard input, line 2: invalid JSON at line 1, column 9",
  ],
  [
    "a number too large for any",
    ["--items", "-"],
    "[1e400]",
    4,
    "standard input, line 1: number out of range: 1e400; the maximum",
  ],
  ["invalid UTF-8 in a line", ["--items", "binary"], "", 4, "binary, line 1: not valid UTF-8"],
  ["a missing file", ["--items", "nowhere"], "", 2, "--items nowhere: cannot be read (ENOENT)"],
  ["a folder", ["--items", "."], "", 2, "cannot be read (EISDIR)"],
  ["an unknown transport", ["--via", "telnet"], "", 2, "ssh2, ssh"],
  ["an invalid jump host", ["--jump", "-oProxyCommand=id"], "", 2, "invalid address"],
])("%s is reported in one line", async (_, flags, stdin, status, message) => {
  const { call, cwd } = await startBench();
  writeFileSync(join(cwd, "binary"), Buffer.from([0x22, 0xff, 0x22]));
  const outcome = await call(["STORE", "/run", '{"name":"bad"}', ...flags], stdin);
  expect(outcome).toMatchObject({ status, stdout: "" });
  expect(outcome.stderr).toContain(message);
  expect(outcome.stderr).toMatch(/^sshrpc: [^\n]+\n$/);
});

test("an item that the server rejects is named, after the items that it has answered", async () => {
  const { call } = await startBench();
  const lines = '{"text":"a"}\n{"text":5}\n{"text":"c"}\n';
  const outcome = await call(["UPDATE", "/run", '{"name":"x","echo":true}', "--items", "-"], lines);
  expect(outcome).toMatchObject({ status: 4, stdout: '{"text":"a"}\n' });
  expect(outcome.stderr).toContain("item 2 does not match the schema: /text must be string");
});

test("standard input cannot be both the request and the stream", async () => {
  expect(await sshrpc(["call", "ssh://a@127.0.0.1:1", "STORE", "/run", "-", "--items", "-"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("cannot be both"),
  });
});

describe("fields", () => {
  test.each<[string, string[], unknown]>([
    ["a string that looks like a number", ["UPDATE", "/echo", "text=42"], { text: "42" }],
    ["a string that looks like JSON", ["UPDATE", "/echo", 'text=["a"]'], { text: '["a"]' }],
    ["a string that is not JSON", ["UPDATE", "/echo", "text=two words"], { text: "two words" }],
    ["an empty string", ["UPDATE", "/echo", "text="], { text: "" }],
    ["an integer and a string", ["STORE", "/payload", "size=3", "body=123"], { received: 3, body: "ddd" }],
    ["an integer of a path that is a template", ["GET", "/items/{id}", "id=7"], { id: 7 }],
  ])("%s has the type of the schema", async (_, args, response) => {
    const { call } = await startBench();
    expect(await call(args)).toEqual({ status: 0, stdout: `${JSON.stringify(response)}\n`, stderr: "" });
  });

  test("are the script of a stream, with a list and a boolean, beside --items", async () => {
    const { call } = await startBench();
    const fields = ["name=42", "echo=true", "sizes=[1,2]", "--items", "-"];
    expect(await call(["UPDATE", "/run", ...fields], '{"text":"a"}\n')).toEqual({
      status: 0,
      stdout: '{"text":"a"}\n{"text":"x"}\n{"text":"xx"}\n',
      stderr: '{"received":1,"bytes":1}\n',
    });
  });

  test("take a second connection only where a value could be text or JSON", async () => {
    let connections = 0;
    const { call } = await startBench({}, { observer: { connectionOpened: () => void connections++ } });
    await call(["UPDATE", "/echo", "text=hi"]);
    expect(connections).toBe(1);
    await call(["UPDATE", "/echo", "text=5"]);
    expect(connections).toBe(3);
  });

  test("of a method that the caller may not call end with the status of the call", async () => {
    const { call } = await startBench();
    expect(await call(["GET", "/secret", "a=1"])).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/FORBIDDEN: GET \/secret/),
    });
    expect(await call(["GET", "/nowhere", "a=1"])).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/NOT_FOUND: GET \/nowhere/),
    });
  });

  test("at a server without commands are JSON or else text", async () => {
    const { call } = await startBench({}, { exec: false });
    expect(await call(["GET", "/items/{id}", "id=7"])).toMatchObject({ status: 0, stdout: '{"id":7}\n' });
    expect(await call(["UPDATE", "/echo", "text=hi"])).toMatchObject({ status: 0, stdout: '{"text":"hi"}\n' });
    expect(await call(["UPDATE", "/echo", "text=42"])).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/\/text must be string/),
    });
  });

  test("at a server that cannot be reached end with UNAVAILABLE", async () => {
    const { args } = await startBench();
    const [, ...flags] = args.slice(0, -1);
    const outcome = await sshrpc(["call", ...flags, "ssh://alice@127.0.0.1:1", "GET", "/items/{id}", "id=7"]);
    expect(outcome).toMatchObject({ status: 5, stderr: expect.stringMatching(/^sshrpc: UNAVAILABLE: [^\n]+\n$/) });
  });

  test("at a server that says nothing end with the timeout of the call", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const args = ["call", `ssh://alice@127.0.0.1:${port}`, "GET", "/items/{id}", "id=7", "--timeout", "200ms"];
    expect(await sshrpc(args)).toMatchObject({
      status: 5,
      stderr: expect.stringMatching(/^sshrpc: DEADLINE_EXCEEDED: .* no connection to \S+ before the deadline\n$/),
    });
  });

  test("of a caller whose key is rejected end with one login", async () => {
    let refused = 0;
    const { cwd, args } = await startBench({}, { observer: { authenticationRefused: () => void refused++ } });
    const stranger = makeKey(cwd, "stranger");
    const callAs = (...words: string[]) => sshrpc([...args, "--identity", stranger.file, "GET", ...words], { cwd });
    const rejected = { status: 4, stderr: expect.stringMatching(/^sshrpc: UNAUTHENTICATED: /) };
    expect(await callAs("/items/7")).toMatchObject(rejected);
    const once = refused;
    expect(await callAs("/items/{id}", "id=7")).toMatchObject(rejected);
    expect(refused).toBe(2 * once);
  });

  itWith(["ssh"], "have the same types over the ssh program, with --via ssh", async () => {
    const { call } = await startBench();
    expect(await call(["UPDATE", "/echo", "text=42", "--via", "ssh"])).toEqual({
      status: 0,
      stdout: '{"text":"42"}\n',
      stderr: "",
    });
  });
});

itWith(["ssh"], "errors with --json, and exit statuses, are those of stock ssh", async () => {
  const { call, ssh } = await startBench();
  for (const words of [
    ["GET", "/items/x"],
    ["GET", "/outcome", "status=CONFLICT", "message=taken", 'details={"by":"me"}'],
    ["GET", "/outcome", "status=INTERNAL", "message=broken"],
    ["GET", "/sleep", "ms=5000", "--timeout", "50ms"],
    ["GET", "/nowhere/at/all"],
    ["GET", "/run", "name=late", "sizes=[1]", "status=UNAVAILABLE", "message=later"],
  ]) {
    const [mine, stock] = await Promise.all([call([...words, "--json"]), ssh(words)]);
    expect({ ...mine, stderr: without(mine.stderr) }).toEqual({ ...stock, stderr: without(stock.stderr) });
    expect([4, 5]).toContain(mine.status);
    expect(mine.stderr).toMatch(/^\{"status":"[A-Z_]+","code":\d+,[^\n]+\}\n$/);
  }
});

/** An error without what only the server knows, the template of the path, and without what says how late it is. */
function without(error: string): unknown {
  const { method: _method, message, ...rest } = JSON.parse(error) as Record<string, unknown>;
  return { ...rest, ...(rest["status"] !== "DEADLINE_EXCEEDED" && { message }) };
}

test.each<[string, string[], string, number, RegExp]>([
  ["a status below 500", ["GET", "/items/0"], "", 4, /^sshrpc: NOT_FOUND: /],
  ["a status from 500 on", ["GET", "/outcome", "status=UNAVAILABLE", "message=x"], "", 5, /^sshrpc: UNAVAILABLE: /],
  [
    "standard input that is not JSON",
    ["UPDATE", "/echo", "-"],
    "{",
    4,
    /^sshrpc: BAD_REQUEST: the request on standard/,
  ],
  ["a deadline", ["GET", "/sleep", "ms=5000", "--timeout", "50ms"], "", 5, /^sshrpc: DEADLINE_EXCEEDED: /],
  ["the shortest timeout", ["GET", "/sleep", "ms=5000", "--timeout", "1ms"], "", 5, /^sshrpc: DEADLINE_EXCEEDED: /],
  ["an invalid command line, also with --json", ["GET", "/items/1", "{", "--json"], "", 2, /^sshrpc: the request: /],
])("%s ends with its exit status and one line", async (_, args, stdin, status, line) => {
  const { call } = await startBench();
  const outcome = await call(args, stdin);
  expect(outcome).toMatchObject({ status, stdout: "", stderr: expect.stringMatching(line) });
  expect(outcome.stderr.split("\n")).toHaveLength(2);
});

test("call --help explains each argument", async () => {
  const { status, stdout } = await sshrpc(["call", "--help"]);
  expect(status).toBe(0);
  // Lines are wrapped.
  const text = stdout.replace(/\s+/g, " ");
  expect(text).toContain(" address server address: ssh://user@host:port verb verb of the method (choices: ");
  expect(text).toContain(" path path of the resource, such as /notes/42 request ");
});

test("--positions prints the position of each item, and --after begins behind one, as over stock ssh", async () => {
  const { call, ssh } = await startBench();
  const lines = [6, 7].map((n) => `{"position":"${n}","item":{"text":"${n}"}}\n`).join("");
  const words = ["GET", "/feed", "last=7", "--after", "5"];
  const expected = { status: 0, stdout: lines, stderr: '{"last":7}\n' };
  expect(await call([...words, "--positions"])).toEqual(expected);
  expect(await call(words)).toMatchObject({ stdout: '{"text":"6"}\n{"text":"7"}\n' });
  const plain = await call(["GET", "/run", "name=x", "sizes=[1]", "--positions"]);
  expect(plain).toMatchObject({ status: 0, stdout: '{"item":{"text":"x"}}\n' });
  expect(await ssh([...words, "--positions"])).toMatchObject({ status: 0, stdout: lines });
  expect(await call(["GET", "/bytes", "name=x", "--bytes", "--positions"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--positions cannot be combined with --bytes"),
  });
});

test("--after with a position that the handler refuses, or of a method without a stream, fails as over stock ssh", async () => {
  const { call, ssh } = await startBench();
  for (const run of [(words: readonly string[]) => call([...words, "--json"]), ssh]) {
    const refused = await run(["GET", "/feed", "last=7", "--after", "8"]);
    expect({ ...refused, stderr: JSON.parse(refused.stderr) }).toMatchObject({
      status: 4,
      stderr: { status: "PRECONDITION_FAILED", message: "no such position" },
    });
    const unary = await run(["GET", "/empty", "--after=8"]);
    expect({ ...unary, stderr: JSON.parse(unary.stderr) }).toMatchObject({
      status: 4,
      stderr: { status: "BAD_REQUEST", message: expect.stringContaining("has no response stream that could resume") },
    });
  }
});
