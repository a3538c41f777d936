import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openLog } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { run } from "../../../interop/run.js";
import { itWith } from "../../../interop/stock.js";
import { failure, until } from "../support/wait.js";
import { sshrpc, start, tempDir } from "./run.js";

const HANDLERS = `
const method = { id: "GET /it", resource: "it", verb: "GET", path: "/it", kind: "unary", params: {}, idempotent: true, request: () => true, response: () => true };
export default { api: { name: "test", version: "1.0.0", hash: "00", methods: [method] }, handlers: new Map([["GET /it", () => 1]]) };
`;

/** A server with a log and an audit log. */
async function serve(more: readonly string[] = [], before: (cwd: string) => void = () => {}) {
  const { privateKey } = generateKeyPair();
  const cwd = tempDir({ "handlers.mjs": HANDLERS, keys: "", "sshrpc.config.json": "{}" });
  writeFileSync(join(cwd, "host"), privateKey, { mode: 0o600 });
  before(cwd);
  const files = ["--host-key", "host", "--authorized-keys", "keys", "--log", "log", "--audit", "audit.log"];
  const server = start(["serve", "--handlers", "handlers.mjs", "--port", "0", ...files, ...more], { cwd });
  await server.prints(/To call a method/);
  const text = (name: string): string => (existsSync(join(cwd, name)) ? readFileSync(join(cwd, name), "utf8") : "");
  await until("its first line", () => text("log").includes("the server listens"));
  /** Makes each log write a line. */
  const write = async (): Promise<void> => {
    writeFileSync(join(cwd, "keys"), `${generateKeyPair().publicKey} x\n`);
    server.signal("SIGHUP");
  };
  return { cwd, server, text, write };
}

const modeOf = (file: string): number => statSync(file).mode & 0o777;

test("the log and the audit log are rotated by one rule, and only their owner can read them, also old files", async () => {
  const cwd = tempDir();
  const file = join(cwd, "log");
  writeFileSync(file, "old\n", { mode: 0o644 });
  chmodSync(file, 0o644);
  await using log = await openLog({ file, format: "json", maxSize: 4096, files: 2 });
  expect(modeOf(file)).toBe(0o600);
  for (let line = 0; line < 200; line++) log.info({ line, text: "x".repeat(50) }, "rotated");
  await log.close();
  expect([1, 2, 3].map((number) => existsSync(`${file}.${number}`))).toEqual([true, true, false]);
  for (const name of [file, `${file}.1`, `${file}.2`]) {
    expect(statSync(name).size).toBeLessThanOrEqual(4096);
    expect(modeOf(name)).toBe(0o600);
  }
  expect(readFileSync(file, "utf8")).toContain('"line":199');
});

test.each<[object, string]>([
  [{ file: "log", maxSize: 100 }, "option log.maxSize: 100 is not an integer from 4096"],
  [{ file: "log", files: 0 }, "option log.files: 0 is not an integer from 1"],
  [{ maxSize: 5000 }, "option log.maxSize: requires the option file"],
])("refuses the options %j of a log", async (options, message) => {
  expect(await failure(openLog(options))).toMatchObject({ status: "BAD_REQUEST", message });
});

test("--log-max-size without --log is refused", async () => {
  const { status, stderr } = await sshrpc(["serve", "--handlers", "x.js", "--log-max-size", "1M"]);
  expect([status, stderr]).toEqual([2, "sshrpc: --log-max-size requires --log\n"]);
});

describe("a log that another program rotates", () => {
  test("after a rename, SIGHUP creates both files again at once", async () => {
    const { cwd, server, text, write } = await serve();
    for (const name of ["log", "audit.log"]) renameSync(join(cwd, name), join(cwd, `${name}.1`));
    server.signal("SIGHUP");
    await until("the log", () => text("log").includes("configuration reloaded"));
    await write();
    await until("the audit log", () => text("audit.log").includes("authorized_keys reloaded"));
    expect(text("log.1")).toContain("the server listens");
    expect(text("log.1")).not.toContain("configuration reloaded");
  });

  test("SIGUSR1 does the same, and opens no port of a debugger", async () => {
    const { cwd, server, text } = await serve();
    renameSync(join(cwd, "log"), join(cwd, "log.1"));
    server.signal("SIGUSR1");
    await until("the log", () => text("log").includes("configuration reloaded"));
  });

  test("after copytruncate, lines are appended from the begin of the file on", async () => {
    const { cwd, text, write } = await serve();
    for (const name of ["log", "audit.log"]) {
      copyFileSync(join(cwd, name), join(cwd, `${name}.1`));
      truncateSync(join(cwd, name));
    }
    await write();
    await until("the lines", () => text("log").includes("reloaded") && text("audit.log").includes("reloaded"));
    for (const name of ["log", "audit.log"]) expect(text(name)).toMatch(/^\{"level"/);
  });
});

itWith(["logrotate"], "logrotate rotates the logs of a server as the documentation says", async () => {
  const { cwd, server, text } = await serve();
  const config = join(cwd, "logrotate.conf");
  writeFileSync(config, `${cwd}/log ${cwd}/audit.log {\n  rotate 3\n  size 1\n  nocreate\n  missingok\n}\n`, {
    mode: 0o600,
  });
  expect(await run("logrotate", ["-f", "-s", join(cwd, "state"), config])).toMatchObject({ status: 0 });
  server.signal("SIGHUP");
  await until("the log", () => text("log").includes("configuration reloaded"));
  expect(text("log.1")).toContain("the server listens");
});

test("the end of a server is one line of its log: why, with which exit code, and how many calls were cut", async () => {
  const { server, text } = await serve();
  server.signal("SIGTERM");
  expect(await server.ended).toMatchObject({ status: 0 });
  const lines = text("log").trimEnd().split("\n");
  const last = JSON.parse(lines.at(-1) ?? "") as object;
  expect(last).toMatchObject({ level: "info", reason: "SIGTERM", exitCode: 0, cut: 0, msg: "the server has ended" });
  expect(lines.filter((line) => line.includes("the server has ended"))).toHaveLength(1);
});

test("a server that cannot start says so in its log, too", async () => {
  const cwd = tempDir({ "handlers.mjs": HANDLERS, keys: "" });
  const args = [
    "serve",
    "--handlers",
    "handlers.mjs",
    "--host-key",
    "none",
    "--authorized-keys",
    "keys",
    "--log",
    "log",
  ];
  const { status, stderr } = await sshrpc(args, { cwd });
  expect([status, stderr]).toEqual([1, expect.stringContaining("host key none does not exist")]);
  expect(readFileSync(join(cwd, "log"), "utf8")).toContain('"msg":"the server could not start"');
});
