import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { isAlive, run } from "../../../interop/run.js";
import { sshOptions } from "../../../interop/sshd.js";
import { itWith } from "../../../interop/stock.js";
import { until, within } from "../support/wait.js";
import { BIN, type Outcome, type RunningCommand, sshrpc, start, tempDir } from "./run.js";

const HANDLERS = fileURLToPath(new URL("../../../../examples/server.ts", import.meta.url));

/** Handlers without TypeScript, for processes: GET /wait lasts until there is a file `go`. */
const WAITING = `import { existsSync, writeFileSync } from "node:fs";
const anything = () => true;
const method = { id: "GET /wait", verb: "GET", kind: "unary", resource: "wait", path: "/wait", params: {}, idempotent: true };
const wait = async () => {
  writeFileSync("waiting", "");
  while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 10));
  return "done";
};
writeFileSync("pid", String(process.pid));
export default {
  api: { name: "waiting", version: "1.0.0", hash: "00", methods: [{ ...method, request: anything, response: anything }] },
  handlers: new Map([["GET /wait", wait]]),
};
`;

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The lines of the log that a command has written so far. */
const linesOf = (text: string): readonly Line[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);

/** Sends SIGHUP, and returns the lines of the log from then on, once one has this text. */
async function reload(server: RunningCommand, message: RegExp): Promise<readonly Line[]> {
  const before = linesOf(server.output().stderr).length;
  server.signal("SIGHUP");
  return until(`the line ${message}`, () => {
    const lines = linesOf(server.output().stderr).slice(before);
    return lines.some(({ msg }) => message.test(msg)) && lines;
  });
}

test("SIGHUP reloads limits and keys, and names the options that need a restart", async () => {
  const { privateKey, publicKey } = generateKeyPair();
  const cwd = tempDir();
  vi.stubEnv("HOME", cwd);
  mkdirSync(`${cwd}/.ssh`);
  writeFileSync(`${cwd}/.ssh/id_ed25519`, privateKey, { mode: 0o600 });
  const config = (serve: object) =>
    writeFileSync(`${cwd}/sshrpc.config.json`, JSON.stringify({ handlers: HANDLERS, serve: { port: 0, ...serve } }));
  config({ perKey: { calls: 5 }, limits: { calls: 5, message: 5000 } });
  const server = start(["serve"], { cwd });
  await server.prints(/ssh -p/);
  const [, known, port] = /echo "(\S+:(\d+) .*)" >>/.exec(server.output().stdout) ?? [];
  writeFileSync(`${cwd}/.ssh/known_hosts`, `${known}\n`);
  const call = () => sshrpc(["call", `ssh://alice@127.0.0.1:${port}`, "GET", "/hello"], { cwd });
  expect(await call()).toMatchObject({ status: 4 });

  writeFileSync(`${cwd}/.sshrpc/authorized_keys`, `${publicKey} alice\n`);
  config({ perKey: { connections: 1 }, limits: { calls: 6, message: 6000 }, listen: "::1", grace: "1s" });
  const lines = await reload(server, /restart the server/);
  expect(lines.find(({ msg }) => msg === "configuration reloaded")).toMatchObject({
    level: "info",
    file: "sshrpc.config.json",
    changed: ["grace", "limits.calls", "perKey"],
  });
  expect(lines.find(({ msg }) => msg === "restart the server for changes of these options")).toMatchObject({
    level: "warn",
    options: ["limits.message", "listen"],
  });
  expect(await call()).toMatchObject({ status: 0 });
  server.signal("SIGTERM");
  expect(await server.ended).toMatchObject({ status: 0 });
});

test.each([
  [
    '{ "serve": { "port": 0 },\n "serv": 1 }',
    /^sshrpc\.config\.json:2:2: serv: unknown option \(did you mean "serve"\?\)$/,
  ],
  ["{", /^sshrpc\.config\.json: invalid JSON at line 1, column 2/],
  ['{ "serve": { "port": 0, "perKey": { "calls": 0 } } }', /^sshrpc\.config\.json:1:37: perKey\.calls: 0 is not /],
  ['{ "serve": { "port": 0, "scopes": ["a"] } }', /^sshrpc\.config\.json:1:25: --scopes requires --stdio$/],
])("a broken file at SIGHUP keeps the last configuration, and the log has the line: %s", async (text, reason) => {
  const cwd = tempDir({ "sshrpc.config.json": '{ "serve": { "port": 0 } }' });
  const server = start(["serve", "--handlers", HANDLERS], { cwd });
  await server.prints(/ssh -p/);
  writeFileSync(`${cwd}/sshrpc.config.json`, text);
  const message = /configuration not reloaded; the last one stays in force/;
  const lines = await reload(server, message);
  expect(lines.find(({ msg }) => message.test(msg))).toMatchObject({
    level: "error",
    reason: expect.stringMatching(reason),
  });
  rmSync(`${cwd}/sshrpc.config.json`);
  expect(await reload(server, message)).toMatchObject([{ reason: "sshrpc.config.json: no such file" }]);
});

test("options that need a restart are named at each SIGHUP, until the file has those of the start again", async () => {
  const config = (port: number) => JSON.stringify({ serve: { port } });
  const cwd = tempDir({ "sshrpc.config.json": config(0) });
  const server = start(["serve", "--handlers", HANDLERS], { cwd });
  await server.prints(/ssh -p/);
  writeFileSync(`${cwd}/sshrpc.config.json`, config(1));
  const restart = /restart the server for changes of these options/;
  for (const _ of [1, 2]) expect((await reload(server, restart)).at(-1)).toMatchObject({ options: ["port"] });
  writeFileSync(`${cwd}/sshrpc.config.json`, config(0));
  await reload(server, /configuration reloaded/);
  expect((await reload(server, /configuration reloaded/)).some(({ msg }) => restart.test(msg))).toBe(false);
});

test("a config file of code is run again at SIGHUP", async () => {
  const text = (calls: number) =>
    `export default { serve: { port: 0, perKey: { calls: ${calls} }, onCall: () => {} } };`;
  const cwd = tempDir({ "sshrpc.config.mjs": text(1) });
  const server = start(["serve", "--handlers", HANDLERS], { cwd });
  await server.prints(/ssh -p/);
  writeFileSync(`${cwd}/sshrpc.config.mjs`, text(2));
  expect(await reload(server, /reloaded/)).toMatchObject([{ msg: "configuration reloaded", changed: ["perKey"] }]);
});

/** A server in its own process, which runs a call. */
interface WaitingServer {
  /** The server, or the program that runs it. */
  readonly child: ChildProcess;
  readonly pid: number;
  readonly output: () => string;
  readonly ended: Promise<unknown[]>;
  readonly call: Promise<Outcome>;
  /** Ends the call. */
  readonly go: () => void;
}

interface Waiting {
  /** Runs the server at a terminal, which closes when the child ends. Default: false. */
  readonly terminal?: boolean;
  /** The program that calls. Default: sshrpc. */
  readonly caller?: "ssh" | "sshrpc";
  /** Code of the module of the handlers. Default: none. */
  readonly code?: string;
}

/** Starts a server and a call. */
async function serveWaiting({ terminal = false, caller = "sshrpc", code = "" }: Waiting = {}): Promise<WaitingServer> {
  const { privateKey, publicKey } = generateKeyPair();
  const cwd = tempDir({
    "waiting.mjs": WAITING + code,
    "sshrpc.config.json": '{ "handlers": "waiting.mjs", "serve": { "port": 0, "grace": "30s" } }',
    keys: `${publicKey} alice\n`,
  });
  writeFileSync(`${cwd}/key`, privateKey, { mode: 0o600 });
  const words = [process.execPath, BIN, "serve", "--authorized-keys", "keys"];
  const [command = "", ...args] = terminal ? ["script", "-qec", `exec ${words.join(" ")}`, "/dev/null"] : words;
  const env = { ...process.env, HOME: cwd, NODE_OPTIONS: "" };
  // Of a session of its own, so without the terminal of the tests.
  const child = spawn(command, args, { cwd, env, detached: true, timeout: 45_000, killSignal: "SIGKILL" });
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [, known = "", port] = await until("the server", () => /echo "(\S+:(\d+) [^"]*)" >>/.exec(output) ?? false);
  writeFileSync(`${cwd}/known`, `${known}\n`);
  const flags = ["--identity", "key", "--known-hosts", "known"];
  const options = sshOptions({ knownHosts: `${cwd}/known`, identity: `${cwd}/key`, port: Number(port) });
  const call =
    caller === "ssh"
      ? run("ssh", [...options, "alice@127.0.0.1", "GET /wait"])
      : sshrpc(["call", `ssh://alice@127.0.0.1:${port}`, "GET", "/wait", ...flags], { cwd });
  await until("the call", () => existsSync(`${cwd}/waiting`));
  const pid = Number(readFileSync(`${cwd}/pid`, "utf8"));
  return { child, pid, output: () => output, ended, call, go: () => writeFileSync(`${cwd}/go`, "") };
}

const DONE = { status: 0, stdout: '"done"\n' };

test("without a terminal a server reloads at SIGHUP, and finishes its calls at SIGTERM, also if SIGHUP follows", async () => {
  const { child, output, ended, call, go } = await serveWaiting();
  child.kill("SIGHUP");
  await until("the reload", () => output().includes("configuration reloaded"));
  child.kill("SIGTERM");
  await until("the drain", () => output().includes("the server drains and ends"));
  child.kill("SIGHUP");
  go();
  expect(await call).toMatchObject(DONE);
  expect(await within("the end of the server", ended)).toEqual([0, null]);
});

itWith(
  ["ssh"],
  "at SIGTERM a command of ssh gets its output and status, and no timer of handlers keeps the server",
  async () => {
    const code = "setInterval(() => {}, 1000);\n";
    const { child, output, ended, call, go } = await serveWaiting({ caller: "ssh", code });
    child.kill("SIGTERM");
    await until("the drain", () => output().includes("the server drains and ends"));
    go();
    expect(await call).toMatchObject(DONE);
    expect(await within("the end of the server", ended)).toEqual([0, null]);
  },
);

test.each(["SIGTERM", "SIGINT"] as const)("a second %s ends a server at once, with its signal", async (signal) => {
  const { child, output, ended, call } = await serveWaiting();
  child.kill(signal);
  await until("the drain", () => output().includes("the server drains and ends"));
  child.kill(signal);
  expect(await within("the end of the server", ended)).toEqual([null, signal]);
  expect(await call).toMatchObject({ status: 5 });
});

itWith(["script"], "a server whose terminal is closed finishes its calls, and ends", async () => {
  const { child, pid, call, go } = await serveWaiting({ terminal: true });
  onTestFinished(() => void (isAlive(pid) && process.kill(pid, "SIGKILL")));
  child.kill("SIGKILL");
  go();
  expect(await call).toMatchObject(DONE);
  await until("the end of the server", () => !isAlive(pid));
});
