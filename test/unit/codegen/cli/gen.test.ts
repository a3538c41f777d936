import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Project, schemaOf } from "../project.js";

const BIN = fileURLToPath(new URL("../../../../runtime/bin/sshrpc.js", import.meta.url));
const HELLO = "hello: { GET: { response: Type.String() } }";

function gen(project: Project, ...args: readonly string[]) {
  return run(project, "gen", ...args);
}

function run(project: Project, ...args: readonly string[]) {
  const options = { cwd: project.folder, encoding: "utf8", timeout: 20_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], options);
  return { status, stdout, stderr };
}

test("gen prints one line: what changed, and how long it took", () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const first = gen(project);
  expect(first).toMatchObject({ status: 0, stderr: "" });
  expect(first.stdout).toMatch(/^generated: wrote api\.json, api\.ts, .*validators\.js \(\d+ ms\)\n$/);
  expect(gen(project).stdout).toMatch(/^generated: nothing changed \(\d+ ms\)\n$/);
});

test("gen --check fails after an edit by hand, and names the file", () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  expect(gen(project, "--check").status).toBe(1);
  gen(project);
  expect(gen(project, "--check")).toMatchObject({ status: 0, stderr: "" });
  project.write("generated/client.ts", `${project.read("generated/client.ts")}\n`);
  expect(gen(project, "--check")).toEqual({
    status: 1,
    stdout: "",
    stderr: 'generated: not current: client.ts; run "sshrpc gen"\n',
  });
});

test("flags win over the config file, which wins over the defaults", () => {
  const project = new Project({
    "api/main.ts": schemaOf(HELLO),
    "sshrpc.config.json": '{ "schema": "api/main.ts", "out": "from-config" }',
  });
  expect(gen(project).stdout).toMatch(/^from-config: wrote /);
  expect(gen(project, "--out", "from-flag", "--import-extension", "ts").stdout).toMatch(/^from-flag: wrote /);
  expect(project.read("from-flag/client.ts")).toContain('from "./api.ts"');
});

test("what is wrong is one line on standard error each, and the status is not 0", () => {
  const project = new Project({ "schema/api.ts": schemaOf("hello: { POST: {} }") });
  expect(gen(project)).toEqual({
    status: 1,
    stdout: "",
    stderr: "schema/api.ts:7:14: resources.hello.POST: POST is no verb; the verbs are GET, STORE, UPDATE, DELETE\n",
  });
});

test.each([
  [["--import-extension", "mjs"], "option '--import-extension <ext>' argument 'mjs' is invalid. Give js, ts, none"],
  [["--schema", ""], "option '--schema <file>' argument '' is invalid. Give a path"],
  [["--out="], "option '--out <folder>' argument '' is invalid. Give a path"],
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
  ["sshrpc.config.json", '{ "shema": "x" }', '"shema" is no option; it may have schema, out, importExtension'],
  ["other.json", "{", "it is no JSON: "],
])("a config file that is wrong is a usage error: %s", (file, text, message) => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO), [file]: text });
  for (const command of ["gen", "dev"]) {
    const { status, stderr } = run(project, command, ...(file === "other.json" ? ["--config", file] : []));
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(`sshrpc: ${file}: ${message}`);
    expect(status).toBe(2);
  }
});

test("a config file that is named, and is not there or no file, is a usage error", () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  expect(gen(project, "--config", "nope.json")).toEqual({
    status: 2,
    stdout: "",
    stderr: "sshrpc: nope.json: there is no such file (--config)\n",
  });
  expect(gen(project, "--config", "schema")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^sshrpc: schema: it cannot be read: EISDIR.*\n$/),
  });
});
