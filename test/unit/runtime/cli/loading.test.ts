import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sshrpc, tempDir } from "./run.js";

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
