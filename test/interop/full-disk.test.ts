import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statfsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectApi } from "sshrpc/generated";
import { describe, expect, it, onTestFinished } from "vitest";
import { NOTES } from "../unit/runtime/adapters/notes-server.js";
import { BIN } from "../unit/runtime/cli/run.js";
import { failure, makeKey, tempDir } from "../unit/runtime/ssh/support.js";
import { apiOf, type ItClient, method } from "../unit/runtime/support/server.js";
import { until } from "../unit/runtime/support/wait.js";
import { serveNotesOverSsh, start } from "./served.js";
import { itWith } from "./stock.js";

interface NotesClient extends AsyncDisposable {
  readonly notes: { get(request: object, options?: object): Promise<unknown> };
}

type Line = Record<string, unknown>;

const linesOf = (file: string): Line[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);

// /dev/full fails every write as a full disk does; not every system has it.
describe.skipIf(!existsSync("/dev/full"))("an audit log on a full disk", () => {
  async function setUp(onFull?: "refuse" | "continue") {
    const file = join(tempDir(), "audit.log");
    symlinkSync("/dev/full", file);
    const served = await serveNotesOverSsh({ audit: { file, ...(onFull && { onFull }) } });
    const options = { identity: served.key.file, knownHosts: served.knownHosts, reconnect: false, retries: 0 } as const;
    const address = `ssh://alice@127.0.0.1:${served.server.port}`;
    const client = (await connectApi(NOTES, address, options)) as unknown as NotesClient;
    onTestFinished(() => client[Symbol.asyncDispose]());
    const reports = () => served.log.lines.filter(({ message }) => message.startsWith("the audit log"));
    await until("the report", () => reports().length > 0);
    return { file, served, client, reports };
  }

  it("fails no call, and is reported once", async () => {
    const { client, reports } = await setUp();
    for (let round = 0; round < 20; round++) await client.notes.get({});
    expect(reports()).toMatchObject([
      { level: "error", message: "the audit log cannot be written: lines wait", fields: { err: { code: "ENOSPC" } } },
    ]);
  });

  it("refuses calls before their handlers run with onFull: refuse, and ends no connection", async () => {
    const { file, served, client, reports } = await setUp("refuse");
    expect(await failure(client.notes.get({}))).toMatchObject({
      status: "UNAVAILABLE",
      message: "the server cannot write its audit log, and refuses calls until it can",
    });
    const command = start("ssh", [...served.ssh, "GET", "/notes"]);
    await command.ended;
    expect(`${command.stderr()}`).toContain("UNAVAILABLE");
    // What shows an operator the state of the server still answers.
    const shown = start("ssh", [...served.ssh, "GET", "/sshrpc/methods"]);
    await shown.ended;
    expect(shown.stdout().toString()).toContain('"methods"');
    // As an administrator who moves the file to a disk with space.
    rmSync(file);
    await until("space", () => reports().length === 2);
    expect(await client.notes.get({})).toEqual({ traceparent: null });
    expect(reports()[1]).toMatchObject({ level: "warn", message: "the audit log can be written again" });
    const outcomes = () =>
      linesOf(file).flatMap(({ msg, status, reason }) => (msg === "call" ? [[status, reason]] : []));
    await until("the line", () => outcomes().length === 4);
    const refused = ["UNAVAILABLE", "the server cannot write its audit log, and refuses calls until it can"];
    expect(outcomes()).toEqual([refused, refused, ["OK", undefined], ["OK", undefined]]);
  });
});

/** Handlers without types, whose method needs no scope. */
const HANDLERS = `
const method = { id: "GET /it", resource: "it", verb: "GET", path: "/it", kind: "unary", params: {}, idempotent: true, request: () => true, response: () => true };
export default {
  api: { name: "test", version: "1.0.0", hash: "00", methods: [method] },
  handlers: new Map([["GET /it", (request) => request]]),
};
`;

const METHOD = method("GET /it");

/** Starts `serve` with a log and an audit log, and a client of its only method. */
async function serveLogged(wrap: readonly string[], audit = "audit.log") {
  const cwd = tempDir();
  writeFileSync(join(cwd, "handlers.mjs"), HANDLERS);
  const [host, alice] = [makeKey(cwd, "host"), makeKey(cwd, "alice")];
  writeFileSync(join(cwd, "authorized_keys"), `${alice.line}\n`);
  const flags = ["--port", "0", "--host-key", "host", "--authorized-keys", "authorized_keys", "--audit", audit];
  const serve = [BIN, "serve", "--handlers", "handlers.mjs", ...flags, "--log", "log", "--log-level", "debug"];
  const [program = "", ...args] = [...wrap, process.execPath, ...serve];
  const server = start(program, args, { cwd });
  await expect.poll(() => `${server.stdout()}${server.stderr()}`, { timeout: 20_000 }).toMatch(/To call a method/);
  const [, port] = /127\.0\.0\.1:(\d+)/.exec(`${server.stdout()}`) ?? [];
  const client = (await connectApi(apiOf(METHOD), `ssh://alice@127.0.0.1:${port}`, {
    ...{ identity: alice.file, hostKey: host.publicKey.fingerprint, reconnect: false },
  })) as unknown as ItClient & AsyncDisposable;
  onTestFinished(() => client[Symbol.asyncDispose]());
  return { cwd, server, client };
}

/** The numbers of the calls in a file; a broken line fails the test. */
const callsOf = (file: string): unknown[] => linesOf(file).flatMap(({ msg, call }) => (msg === "call" ? [call] : []));

const numbersTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

itWith(
  ["prlimit"],
  "serve goes on where neither its log nor its audit log can grow, says so, and writes all lines once they can",
  async () => {
    // A limit of the size of files fails writes in the middle of a line, as a full disk does, and needs no privilege.
    const { cwd, server, client } = await serveLogged(["prlimit", "--fsize=20000:"]);
    for (let call = 0; call < 200; call++) await client.it.get();
    await expect.poll(() => server.stderr()).toMatch(/^sshrpc: the log cannot be written: lines wait \(EFBIG/);
    expect(readFileSync(join(cwd, "audit.log"), "utf8")).toHaveLength(20_000);
    spawnSync("prlimit", [`--pid=${server.process.pid}`, "--fsize=unlimited:"]);
    await expect.poll(() => server.stderr()).toMatch(/^sshrpc: the log can be written again; lines lost: 0$/m);
    for (const file of ["audit.log", "log"]) {
      await expect.poll(() => callsOf(join(cwd, file)).length).toBe(200);
      expect(callsOf(join(cwd, file))).toEqual(numbersTo(200));
    }
    expect(linesOf(join(cwd, "log")).map(({ msg }) => msg)).toContain("the audit log cannot be written: lines wait");
  },
  40_000,
);

/** A file system of 32 KiB in memory, of which a file takes half; it is seen only by the program that follows. */
const SMALL_DISK = 'mount -t tmpfs -o size=32k none "$0" && head -c 16384 /dev/zero >"$0/other" && exec "$@"';
const canMount = spawnSync("unshare", ["-Urm", "sh", "-c", "mount -t tmpfs none /mnt"]).status === 0;

// Some systems, and some containers, let only root make namespaces.
it.skipIf(!canMount)(
  "serve goes on where the disk of its audit log is full, and has all lines once there is space",
  async () => {
    const disk = tempDir();
    const { server, client } = await serveLogged(
      ["unshare", "-Urm", "sh", "-c", SMALL_DISK, disk],
      join(disk, "audit.log"),
    );
    for (let call = 0; call < 60; call++) await client.it.get();
    const seen = `/proc/${server.process.pid}/root${disk}`;
    await until("a full disk", () => statfsSync(seen).bfree === 0);
    expect(await client.it.get()).toEqual({});
    rmSync(`${seen}/other`);
    await expect.poll(() => readFileSync(`${seen}/audit.log`, "utf8").match(/"msg":"call"/g)?.length).toBe(61);
    expect(callsOf(`${seen}/audit.log`)).toEqual(numbersTo(61));
  },
  40_000,
);
