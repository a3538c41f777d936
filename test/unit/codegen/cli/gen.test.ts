import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Project, schemaOf } from "../project.js";

const BIN = fileURLToPath(new URL("../../../../runtime/bin/sshrpc.js", import.meta.url));
const HELLO = "hello: { GET: { response: Type.String() } }";

function gen(project: Project, ...args: readonly string[]) {
  return run(project, "gen", ...args);
}

function run(project: Project, ...args: readonly string[]) {
  const options = { cwd: project.folder, encoding: "utf8", timeout: 45_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], options);
  return { status, stdout, stderr };
}

test("gen prints one line with the changed files and the duration", () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const first = gen(project);
  expect(first).toMatchObject({ status: 0, stderr: "" });
  expect(first.stdout).toMatch(/^generated: wrote api\.json, api\.ts, .*validators\.js \(\d+ ms\)\n$/);
  expect(gen(project).stdout).toMatch(/^generated: no changes \(\d+ ms\)\n$/);
});

test("gen --check fails after a manual edit and names the file", () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  expect(gen(project, "--check").status).toBe(1);
  gen(project);
  expect(gen(project, "--check")).toMatchObject({ status: 0, stderr: "" });
  project.write("generated/client.ts", `${project.read("generated/client.ts")}\n`);
  expect(gen(project, "--check")).toEqual({
    status: 1,
    stdout: "",
    stderr: 'generated: out of date: client.ts; run "sshrpc gen"\n',
  });
});

test("flags override the config file, which overrides the defaults", () => {
  const project = new Project({
    "api/main.ts": schemaOf(HELLO),
    "sshrpc.config.json": '{ "schema": "api/main.ts", "out": "from-config" }',
  });
  expect(gen(project).stdout).toMatch(/^from-config: wrote /);
  expect(gen(project, "--out", "from-flag", "--import-extension", "ts").stdout).toMatch(/^from-flag: wrote /);
  expect(project.read("from-flag/client.ts")).toContain('from "./api.ts"');
});

test("each problem is one line on standard error, and the exit status is 1", () => {
  const project = new Project({ "schema/api.ts": schemaOf("hello: { POST: {} }") });
  expect(gen(project)).toEqual({
    status: 1,
    stdout: "",
    stderr: "schema/api.ts:7:14: resources.hello.POST: unknown verb POST; known verbs: GET, STORE, UPDATE, DELETE\n",
  });
});

test("an --out that is a file or inside one is a usage error, and the file is kept", () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO), "notes.txt": "mine" });
  for (const out of ["notes.txt", "notes.txt/deep"]) {
    const line = `sshrpc: --out ${join(project.folder, out)}: not a directory; remove the file or choose another --out\n`;
    expect(gen(project, "--out", out)).toEqual({ status: 2, stdout: "", stderr: line });
  }
  expect(project.read("notes.txt")).toBe("mine");
});

test.each([
  ["nothing else", ""],
  ["an active timer", "setInterval(() => {}, 1000);\n"],
])("a schema with a top-level await that never settles is a problem, beside %s", (_what, head) => {
  const project = new Project({ "schema/api.ts": `${head}await new Promise(() => {});\n${schemaOf(HELLO)}` });
  expect(gen(project, "--load-timeout", "200")).toEqual({
    status: 1,
    stdout: "",
    stderr:
      "schema/api.ts:1:1: Error: a top-level await of this module or of its imports did not settle within 200 ms; remove it from the schema\n",
  });
  expect(project.list(".")).not.toContain("generated");
});

test.each([
  [
    ["--load-timeout", "0"],
    "option '--load-timeout <ms>' argument '0' is invalid. Use a whole number of milliseconds from 1 to 2147483647",
  ],
  [
    ["--import-extension", "mjs"],
    "option '--import-extension <ext>' argument 'mjs' is invalid. Use one of js, ts, none",
  ],
  [["--schema", ""], "option '--schema <file>' argument '' is invalid. Use a non-empty path"],
  [["--out="], "option '--out <directory>' argument '' is invalid. Use a non-empty path"],
  [["--shema", "x"], "unknown option '--shema'"],
])("a command line with %j is a usage error, in one line", (args, message) => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { status, stdout, stderr } = gen(project, ...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(stderr).toContain(`sshrpc: ${message}`);
  expect(project.list(".")).not.toContain("generated");
});

test.each([
  ["sshrpc.config.json", '{ "shema": "x" }', 'unknown option "shema"; known options: schema, out, importExtension'],
  ["other.json", "{", "invalid JSON: "],
])("an invalid config file is a usage error: %s", (file, text, message) => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO), [file]: text });
  for (const command of ["gen", "dev"]) {
    const { status, stderr } = run(project, command, ...(file === "other.json" ? ["--config", file] : []));
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(`sshrpc: ${file}: ${message}`);
    expect(status).toBe(2);
  }
});

test("a --config that is missing or a directory is a usage error", () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  expect(gen(project, "--config", "nope.json")).toEqual({
    status: 2,
    stdout: "",
    stderr: "sshrpc: --config nope.json: no such file\n",
  });
  expect(gen(project, "--config", "schema")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^sshrpc: schema: cannot be read: EISDIR.*\n$/),
  });
});

const NAMED = /^schema\/api\.ts:\d+:\d+: .*process\.(exit|reallyExit|kill|abort)\(.*\n$/;

test.each([
  ["process.exit(0);"],
  ["process.exit(3);"],
  ["try { process.exit(0); } catch {}"],
  ["await 0; process.exit(0);"],
  ["setTimeout(() => process.exit(0), 0);"],
  ["setImmediate(() => process.exit(0));"],
  ["setTimeout(() => process.exit(0), 5); await new Promise(() => {});"],
  ["void (async () => { await 0; process.exit(0); })();"],
  ["(process as any).reallyExit(0);"],
  ["process.kill(process.pid);"],
])("a schema that ends the process is reported as a problem, and nothing is written: %s", (code) => {
  const project = new Project({ "schema/api.ts": `${schemaOf(HELLO)}${code}\n` });
  for (const args of [[], ["--check"]]) {
    expect(gen(project, ...args)).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(NAMED) });
    expect(project.list(".")).not.toContain("generated");
  }
});

test("a package that ends the process makes the run fail", () => {
  const project = new Project({
    "schema/api.ts": `${schemaOf(HELLO)}setImmediate(process.exit, 0);\n`,
    "generated/README.md": "",
  });
  expect(gen(project)).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(NAMED) });
  expect(project.list("generated")).toEqual(["README.md"]);
});

test.each([
  ["process.on('exit', () => process.exit(0));"],
  ["process.on('exit', () => { process.exitCode = 0; });"],
  ["setInterval(() => {}, 1000);"],
])("timers and listeners of a schema neither change the exit status nor delay the exit: %s", (code) => {
  const project = new Project({ "schema/api.ts": `${schemaOf(HELLO)}${code}\n` });
  expect(gen(project, "--check")).toMatchObject({ status: 1, stderr: expect.stringContaining("out of date") });
  expect(gen(project)).toMatchObject({ status: 0, stderr: "" });
  project.write("generated/client.ts", "export const mine = 1;\n");
  expect(gen(project)).toMatchObject({ status: 1, stderr: expect.stringContaining("not a generated file") });
});
