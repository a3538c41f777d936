import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sshrpc, sshrpcProcess, tempDir } from "./run.js";

const BIN = fileURLToPath(new URL("../../../../runtime/bin/sshrpc.js", import.meta.url));

/** Says at the end which packages were loaded; those that matter here are CommonJS. */
const REPORT = `import { writeSync } from "node:fs";
import { Module } from "node:module";
process.on("exit", () => writeSync(2, "loaded:" + Object.keys(Module._cache).join(":")));`;

const HANDLERS = `const yes = () => true;
const method = { id: "GET /x", resource: "x", verb: "GET", path: "/x", params: {}, kind: "unary", idempotent: true };
export default {
  api: { name: "x", version: "1.0.0", hash: "", methods: [{ ...method, request: yes, response: yes }] },
  handlers: new Map([["GET /x", () => "an answer"]]),
};`;

/** Runs a command; gives what it wrote, and which of the large packages it loaded. */
function loadedBy(args: readonly string[], env: NodeJS.ProcessEnv = {}): { stdout: string; packages: string[] } {
  const report = `data:text/javascript,${encodeURIComponent(REPORT)}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--import", report, BIN, ...args], {
    cwd: tempDir({ "handlers.mjs": HANDLERS }),
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    encoding: "utf8",
    timeout: 45_000,
  });
  const [, files = ""] = stderr.split("loaded:");
  const packages = ["commander", "ssh2", "pino", "jiti", "typescript"];
  return { stdout, packages: packages.filter((name) => files.includes(`/node_modules/${name}/`)) };
}

test("a session that sshd starts loads only the modules that it needs", () => {
  const env = { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22", SSH_ORIGINAL_COMMAND: "GET /x" };
  expect(loadedBy(["serve", "--stdio", "--handlers", "handlers.mjs"], env)).toEqual({
    stdout: '"an answer"\n',
    packages: ["commander"],
  });
});

test.each([
  [["--handlers", "handlers.mjs"]],
  [["--handlers", "handlers.mjs", "--check"]],
  [["--handlers", "folder", "--keep-going", "--check"]],
])("what a module of handlers throws is printed without its secrets: serve %j", async (flags) => {
  const broken = `throw new Error("cannot connect to postgres://bob:hunter2@db, token=hunter2");`;
  const cwd = tempDir({ "handlers.mjs": broken });
  mkdirSync(join(cwd, "folder"));
  writeFileSync(join(cwd, "folder/a.mjs"), HANDLERS);
  writeFileSync(join(cwd, "folder/b.mjs"), broken);
  const { stdout, stderr } = await sshrpc(["serve", "--home", "home", "--port", "0", ...flags], { cwd });
  expect(stderr).toContain("postgres://bob:[redacted]@db, token=[redacted]");
  expect(stdout + stderr).not.toContain("hunter2");
});

test.each([
  ["keeps what it compiles in a private folder of the project", 0o700, true],
  ["does not use a folder of the project that others can write", 0o777, false],
])("serve with TypeScript handlers %s, never in the shared temporary directory", async (_, mode, isUsed) => {
  const cwd = tempDir({ "handlers.ts": HANDLERS });
  const cache = join(cwd, "node_modules/.cache/sshrpc");
  for (const folder of [cache, join(cwd, "tmp")]) mkdirSync(folder, { recursive: true });
  chmodSync(cache, mode);
  const env = { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22", SSH_ORIGINAL_COMMAND: "GET /x", TMPDIR: join(cwd, "tmp") };
  const args = ["serve", "--stdio", "--handlers", "handlers.ts"];
  expect(await sshrpcProcess(args, { cwd, env })).toMatchObject({ status: 0, stdout: '"an answer"\n' });
  expect(readdirSync(cache).length > 0).toBe(isUsed);
  expect(readdirSync(join(cwd, "tmp"))).toEqual([]);
});

test.each([[["--version"]], [["--help"]], [["serve", "--help"]], [["call", "--help"]], [["help", "serve"]]])(
  "%j loads no SSH, log or compiler",
  (args) => {
    expect(loadedBy(args).packages).toEqual(["commander"]);
  },
);

test.each([
  ["serve", "--host-key <file>"],
  ["call", "--items <file>"],
  ["keys", "generate"],
  ["gen", "--schema"],
])("help lists the options of %s, with help before or after its name", async (command, option) => {
  for (const args of [
    [command, "--help"],
    ["help", command],
  ]) {
    expect(await sshrpc(args)).toMatchObject({ status: 0, stdout: expect.stringContaining(option), stderr: "" });
  }
});
