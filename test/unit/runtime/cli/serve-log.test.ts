import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { connectApi } from "sshrpc/generated";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { start as startProgram } from "../../../interop/served.js";
import { itWith } from "../../../interop/stock.js";
import { apiOf, type ItClient, method } from "../support/server.js";
import { failure, until } from "../support/wait.js";
import { BIN, fingerprintOf, sshrpc, sshrpcProcess, start, tempDir } from "./run.js";

/** Text that no log may contain, in every place where an application may leave it. */
const SECRET = "MARKED-SECRET";
const { privateKey: LEAKED } = generateKeyPair();
const KEY_BODY = LEAKED.trim().split("\n")[1] as string;

/** One method, which leaks what it can, and fails where its request says so. */
const HANDLERS = `
const method = { id: "GET /it", resource: "it", verb: "GET", path: "/it", kind: "unary", params: {}, idempotent: true, request: () => true, response: () => true };
const key = ${JSON.stringify(LEAKED)};
const leak = (request, ctx) => {
  if (ctx.peer.fingerprint === undefined) console.error("a key " + key + " and Authorization: Bearer ${SECRET}");
  ctx.log.info({ password: "${SECRET}", headers: { authorization: "${SECRET}" }, key }, "printed " + key);
  throw new Error("postgres://bob:${SECRET}@db refused " + key, { cause: Object.assign(new Error("inner"), { token: "${SECRET}" }) });
};
export default {
  api: { name: "test", version: "1.0.0", hash: "00", methods: [method] },
  handlers: new Map([["GET /it", (request, ctx) => (request.leak ? leak(request, ctx) : request)]]),
};
`;

/** A directory with handlers, a host key, and the key of a caller. */
function project(): { readonly cwd: string; readonly host: string } {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const cwd = tempDir({
    "handlers.mjs": HANDLERS,
    host: host.privateKey,
    alice: alice.privateKey,
    authorized_keys: `${alice.publicKey} alice\n`,
  });
  for (const name of ["host", "alice"]) chmodSync(join(cwd, name), 0o600);
  return { cwd, host: fingerprintOf(host.publicKey) };
}

const SERVE = ["serve", "--handlers", "handlers.mjs", "--port", "0", "--host-key", "host"];

async function client({ cwd, host }: { readonly cwd: string; readonly host: string }, printed: string) {
  const [, port] = /127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
  const options = { identity: join(cwd, "alice"), hostKey: host, reconnect: false } as const;
  const opened = await connectApi<ItClient>(apiOf(method("GET /it")), `ssh://alice@127.0.0.1:${port}`, options);
  onTestFinished(() => opened.close());
  return opened;
}

const serveFlags = (...more: readonly string[]) => [...SERVE, "--authorized-keys", "authorized_keys", ...more];

test("serve writes JSON lines from the level of --log-level on, with a line for each call at debug", async () => {
  const own = project();
  const server = start(serveFlags("--log-level", "debug"), { cwd: own.cwd });
  await server.prints(/To call a method/);
  await (await client(own, server.output().stdout)).it.get({});
  await until("the line", () => server.output().stderr.includes('"msg":"call"'));
  const lines = server
    .output()
    .stderr.trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.find(({ msg }) => msg === "call")).toMatchObject({
    level: "debug",
    ...{ user: "alice", keyName: "alice", method: "GET /it", status: "OK", ms: expect.any(Number) },
  });
  expect(lines.map(({ time }) => new Date(time).toISOString())).toEqual(lines.map(({ time }) => time));
});

test("serve writes its log to the file of --log, and nothing on standard error", async () => {
  const own = project();
  const server = start(serveFlags("--log", "server.log"), { cwd: own.cwd });
  await server.prints(/To call a method/);
  await (await client(own, server.output().stdout)).it.get({});
  server.signal("SIGTERM");
  expect(await server.ended).toMatchObject({ status: 0, stderr: "" });
  const text = readFileSync(join(own.cwd, "server.log"), "utf8");
  expect(text).toContain('"msg":"authenticated"');
  expect(text).not.toContain('"msg":"call"');
});

test.each<[readonly string[], string]>([
  [
    ["--log-level", "loud"],
    "option '--log-level <level>' argument 'loud' is invalid. Use debug, info, warn, error, silent",
  ],
  [["--log-format", "xml"], "option '--log-format <format>' argument 'xml' is invalid. Use auto, pretty, json"],
  [["--audit-max-size", "5"], "--audit-max-size requires --audit"],
  [["--audit", "a", "--audit-max-size", "big"], "Use a number of bytes such as 65536, 512K, 64M or 1G"],
  [["--audit", "a", "--audit-files", "0"], "Use a whole number from 1"],
  [["--audit", "a", "--audit-max-size", "5"], "option audit.maxSize: 5 is not an integer from 4096"],
  [["--log", "handlers.mjs/log"], "the log cannot be written: ENOTDIR"],
])("serve refuses %j and says why", async (flags, message) => {
  const { cwd } = project();
  const outcome = await sshrpc(serveFlags(...flags), { cwd });
  expect(outcome.stderr).toContain(message);
  expect(outcome.status).not.toBe(0);
});

test("serve rotates its audit log by size", async () => {
  const own = project();
  const server = start(serveFlags("--audit", "audit.log", "--audit-max-size", "4K", "--audit-files", "2"), {
    cwd: own.cwd,
  });
  await server.prints(/To call a method/);
  const { it } = await client(own, server.output().stdout);
  for (let call = 0; call < 60; call++) await it.get({});
  server.signal("SIGTERM");
  await server.ended;
  const files = ["audit.log", "audit.log.1", "audit.log.2", "audit.log.3"].map((name) => join(own.cwd, name));
  expect(files.map((file) => existsSync(file))).toEqual([true, true, true, false]);
  for (const file of files.slice(0, 3)) expect(readFileSync(file).length).toBeLessThanOrEqual(4096);
});

itWith(["script"], "serve at a terminal prints colored text, with the stack of an error in lines", async () => {
  const own = project();
  const command = [process.execPath, BIN, ...serveFlags("--log-level", "debug")].join(" ");
  const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env;
  const server = startProgram("script", ["-qec", command, "/dev/null"], {
    cwd: own.cwd,
    env: { ...env, HOME: own.cwd, TERM: "xterm-256color" },
  });
  const shown = () => `${server.stdout()}`;
  await until("the introduction", () => shown().includes("To call a method"));
  const { it } = await client(own, shown());
  await it.get({});
  await failure(it.get({ leak: true }));
  const green = "\u001b[32m";
  const cyan = "\u001b[36m";
  await until("the stack", () => /\r\n +at leak \(handlers\.mjs:\d+:\d+\)\r\n/.test(shown()));
  expect(shown()).toContain(`${green}INFO`);
  expect(shown()).toMatch(
    new RegExp(`${cyan.replace("[", "\\[")}GET /it OK [\\d.]+ ms, 2 bytes in, 2 bytes out, alice`),
  );
});

/** What each way of writing a log has written after a call that leaks. */
const LEAKS: Readonly<Record<string, () => Promise<string>>> = {
  "JSON on standard error": () => leakOverSsh("--log-format", "json"),
  "text on standard error": () => leakOverSsh("--log-format", "pretty"),
  "a file": () => leakOverSsh("--log", "server.log"),
  "the audit log": () => leakOverSsh("--audit", "audit.log"),
  "a file of serve --stdio": async () => {
    const { cwd, text } = await leakOverStdio("--log", "stdio.log", "--audit", "audit.log");
    return text + ["stdio.log", "audit.log"].map((file) => readFileSync(join(cwd, file), "utf8")).join("");
  },
  "the syslog of serve --stdio": async () => {
    const { cwd } = await leakOverStdio();
    await until(
      "the entry",
      () => existsSync(join(cwd, "syslog")) && readFileSync(join(cwd, "syslog"), "utf8").includes("\n"),
    );
    return readFileSync(join(cwd, "syslog"), "utf8");
  },
};

async function leakOverSsh(...flags: readonly string[]): Promise<string> {
  const own = project();
  const server = start(serveFlags(...flags), { cwd: own.cwd });
  await server.prints(/To call a method/);
  expect(await failure((await client(own, server.output().stdout)).it.get({ leak: true }))).toMatchObject({
    status: "INTERNAL",
  });
  server.signal("SIGTERM");
  await server.ended;
  const files = ["server.log", "audit.log"].map((name) => join(own.cwd, name)).filter((file) => existsSync(file));
  return server.output().stderr + files.map((file) => readFileSync(file, "utf8")).join("");
}

async function leakOverStdio(...flags: readonly string[]) {
  const { cwd } = project();
  // In place of logger(1), which writes to the syslog of the machine.
  writeFileSync(join(cwd, "logger"), `#!/bin/sh\ncat >>${cwd}/syslog\n`, { mode: 0o755 });
  const env = {
    PATH: [cwd, process.env["PATH"]].join(delimiter),
    SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22",
    SSH_ORIGINAL_COMMAND: `GET /it '{"leak":true}'`,
  };
  const { stdout, stderr } = await sshrpcProcess(
    ["serve", "--stdio", "--forced", "--handlers", "handlers.mjs", ...flags],
    { cwd, env },
  );
  return { cwd, text: stdout + stderr };
}

test.each(Object.keys(LEAKS))("secrets of an application do not appear in %s", async (way) => {
  const text = await LEAKS[way]?.();
  expect(text).toMatch(/(?:a|the) handler failed/);
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(KEY_BODY.slice(0, 40));
});
