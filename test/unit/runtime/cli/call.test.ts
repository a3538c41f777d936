import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serveHandlers } from "../../../../runtime/src/compose/serve.js";
import { defineHandlers } from "../../../conformance/generated/server.js";
import { conformanceHandlers, Waits } from "../../../conformance/handlers.js";
import { makeKey } from "../ssh/support.js";
import { until, within } from "../support/wait.js";
import { BIN, type Outcome, sshrpc, tempDir } from "./run.js";

interface Bench {
  readonly waits: Waits;
  /** The arguments that lead to the server; then come verb and path. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly call: (args: readonly string[], stdin?: string) => Promise<Outcome>;
}

/** A server, and `sshrpc call` to it. */
async function startBench(files: Readonly<Record<string, string>> = {}): Promise<Bench> {
  const cwd = tempDir(files);
  const [host, alice] = [makeKey(cwd, "host"), makeKey(cwd, "alice")];
  const waits = new Waits();
  const server = await serveHandlers(defineHandlers(conformanceHandlers(waits)), {
    port: 0,
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [`scopes="items:*" ${alice.line} alice`] },
    log: false,
  });
  onTestFinished(() => server.close());
  const known = tempDir({ known_hosts: `[127.0.0.1]:${server.port} ${host.line}\n` });
  const flags = ["--identity", alice.file, "--known-hosts", `${known}/known_hosts`];
  const args = ["call", ...flags, `ssh://alice@127.0.0.1:${server.port}`];
  return { waits, args, cwd, call: (more, stdin = "") => sshrpc([...args, ...more], { cwd, stdin }) };
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
  expect([status, stdout]).toEqual([1, ""]);
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

test.each<[string, string[], string, number, string]>([
  [
    "no JSON in a line",
    ["--items", "-"],
    '{"text":"a"}\n{"text":}\n',
    1,
    "standard input, line 2: invalid JSON at line 1, column 9",
  ],
  [
    "a number too large for any",
    ["--items", "-"],
    "[1e400]",
    1,
    "standard input, line 1: number out of range: 1e400; the maximum",
  ],
  ["invalid UTF-8 in a line", ["--items", "binary"], "", 1, "binary, line 1: not valid UTF-8"],
  ["a missing file", ["--items", "nowhere"], "", 2, "--items nowhere: cannot be read (ENOENT)"],
  ["a folder", ["--items", "."], "", 2, "cannot be read (EISDIR)"],
  ["an unknown transport", ["--via", "telnet"], "", 2, "ssh2, ssh"],
  ["an invalid jump host", ["--jump", "-oProxyCommand=id"], "", 1, "invalid address"],
])("%s is reported in one line", async (_, flags, stdin, status, message) => {
  const { call, cwd } = await startBench();
  writeFileSync(join(cwd, "binary"), Buffer.from([0x22, 0xff, 0x22]));
  const outcome = await call(["STORE", "/run", '{"name":"bad"}', ...flags], stdin);
  expect(outcome).toMatchObject({ status, stdout: "" });
  expect(outcome.stderr).toContain(message);
  expect(outcome.stderr).toMatch(/^sshrpc: [^\n]+\n$/);
});

test("standard input cannot be both the request and the stream", async () => {
  expect(await sshrpc(["call", "ssh://a@127.0.0.1:1", "STORE", "/run", "-", "--items", "-"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("cannot be both"),
  });
});
