import { expect, test } from "vitest";
import { type Outcome, sshrpc, sshrpcProcess } from "../../runtime/cli/run.js";
import { Project, schemaOf } from "../project.js";

const HELLO = "hello: { GET: { response: Type.String() } }";

function gen(project: Project, ...args: readonly string[]): Promise<Outcome> {
  return sshrpc(["gen", ...args], { cwd: project.folder });
}

/** Runs `sshrpc gen` in its own process, which the schema may try to end or keep alive. */
function genProcess(project: Project, ...args: readonly string[]): Promise<Outcome> {
  return sshrpcProcess(["gen", ...args], { cwd: project.folder });
}

test("gen prints one line with the changed files and the duration", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const first = await gen(project);
  expect(first).toMatchObject({ status: 0, stderr: "" });
  expect(first.stdout).toMatch(/^generated: wrote api\.d\.ts, api\.js, .*validators\.js \(\d+ ms\)\n$/);
  expect((await gen(project)).stdout).toMatch(/^generated: no changes \(\d+ ms\)\n$/);
});

test("parallel runs in one process succeed, and leave process.exit as it was", async () => {
  const endings = () => {
    const { exit, reallyExit, abort, kill } = process as NodeJS.Process & { reallyExit: unknown };
    return [exit, reallyExit, abort, kill];
  };
  const before = endings();
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const other = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const runs = await Promise.all([gen(project), gen(project, "--out", "second"), gen(other)]);
  expect(runs.map(({ status, stderr }) => ({ status, stderr }))).toEqual(Array(3).fill({ status: 0, stderr: "" }));
  expect(endings()).toEqual(before);
});

test("gen --check fails after a manual edit and names the file", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  expect((await gen(project, "--check")).status).toBe(1);
  await gen(project);
  expect(await gen(project, "--check")).toMatchObject({ status: 0, stderr: "" });
  project.write("generated/client.d.ts", `${project.read("generated/client.d.ts")}\n`);
  expect(await gen(project, "--check")).toEqual({
    status: 1,
    stdout: "",
    stderr: 'generated: out of date: client.d.ts; run "sshrpc gen"\n',
  });
});

test("flags override the config file, which overrides the defaults", async () => {
  const project = new Project({
    "api/main.ts": schemaOf(HELLO),
    "sshrpc.config.json": '{ "schema": "api/main.ts", "out": "from-config" }',
  });
  expect((await gen(project)).stdout).toMatch(/^from-config: wrote /);
  expect((await gen(project, "--out", "from-flag", "--no-declaration-map")).stdout).toMatch(/^from-flag: wrote /);
  expect(project.list("from-config")).toContain("client.d.ts.map");
  expect(project.list("from-flag")).not.toContain("client.d.ts.map");
});

test("each problem is one line on standard error, and the exit status is 1", async () => {
  const project = new Project({ "schema/api.ts": schemaOf("hello: { POST: {} }") });
  expect(await gen(project)).toEqual({
    status: 1,
    stdout: "",
    stderr:
      "schema/api.ts:7:14: resources.hello.POST: unknown verb POST; write STORE (known verbs: GET, STORE, UPDATE, DELETE)\n",
  });
});

test("an --out that is a file or inside one is a usage error, and the file is kept", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO), "notes.txt": "mine" });
  for (const out of ["notes.txt", "notes.txt/deep"]) {
    const line = `sshrpc: --out ${out}: not a directory; remove the file or choose another --out\n`;
    expect(await gen(project, "--out", out)).toEqual({ status: 2, stdout: "", stderr: line });
  }
  expect(project.read("notes.txt")).toBe("mine");
});

test.each([
  ["nothing else", "", genProcess],
  ["an active timer", "setInterval(() => {}, 1000);\n", gen],
])("a schema with a top-level await that never settles is a problem, beside %s", async (_what, head, run) => {
  const project = new Project({ "schema/api.ts": `${head}await new Promise(() => {});\n${schemaOf(HELLO)}` });
  expect(await run(project, "--load-timeout", "200")).toEqual({
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
  [["--schema", ""], "option '--schema <file>' argument '' is invalid. Use a non-empty path"],
  [["--out="], "option '--out <directory>' argument '' is invalid. Use a non-empty path"],
  [["--shema", "x"], "unknown option '--shema'"],
])("a command line with %j is a usage error, in one line", async (args, message) => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { status, stdout, stderr } = await gen(project, ...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(stderr).toContain(`sshrpc: ${message}`);
  expect(project.list(".")).not.toContain("generated");
});

test.each([
  ["sshrpc.config.json", '{ "shema": "x" }', '1:3: shema: unknown option (did you mean "schema"?)'],
  ["other.json", "{", " invalid JSON at line 1, column 2: unexpected end of input"],
])("an invalid config file is a usage error: %s", async (file, text, message) => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO), [file]: text });
  for (const command of ["gen", "dev"]) {
    const { status, stderr } = await sshrpc([command, ...(file === "other.json" ? ["--config", file] : [])], {
      cwd: project.folder,
    });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(`sshrpc: ${file}:${message}`);
    expect(status).toBe(2);
  }
});

test("a --config that is missing or a directory is a usage error", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  expect(await gen(project, "--config", "nope.json")).toEqual({
    status: 2,
    stdout: "",
    stderr: "sshrpc: --config nope.json: no such file\n",
  });
  expect(await gen(project, "--config", "schema")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^sshrpc: --config schema: not a file, but a directory\n$/),
  });
});

const NAMED = /^schema\/api\.ts:\d+:\d+: .*process\.(exit|reallyExit|kill|abort)\(.*\n$/;

test.each([
  ["process.exit(3);"],
  ["try { process.exit(0); } catch {}"],
  ["(process as any).reallyExit(0);"],
  ["process.kill(process.pid);"],
])("a schema that ends the process is reported as a problem, and nothing is written: %s", async (code) => {
  const project = new Project({ "schema/api.ts": `${schemaOf(HELLO)}${code}\n` });
  expect(await gen(project)).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(NAMED) });
  expect(project.list(".")).not.toContain("generated");
});

test.each([
  ["setTimeout(() => process.exit(0), 0);", genProcess],
  ["setTimeout(() => process.exit(0), 5); await new Promise(() => {});", gen],
])("a schema that ends the process later is reported as a problem, and nothing is written: %s", async (code, run) => {
  const project = new Project({ "schema/api.ts": `${schemaOf(HELLO)}${code}\n` });
  expect(await run(project)).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(NAMED) });
  expect(project.list(".")).not.toContain("generated");
});

test("a package that ends the process makes the run fail", async () => {
  const project = new Project({
    "schema/api.ts": `${schemaOf(HELLO)}setImmediate(process.exit, 0);\n`,
    "generated/README.md": "",
  });
  expect(await gen(project)).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(NAMED) });
  expect(project.list("generated")).toEqual(["README.md"]);
});

test("a folder that cannot be made, as in /proc, is named", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  expect(await genProcess(project, "--out", "/proc/x/generated")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("/proc/x"),
  });
});

test("timers and listeners of a schema neither change the exit status nor delay the exit", async () => {
  const code = `setInterval(() => {}, 1000);
process.on("exit", () => { process.exitCode = 0; });
process.on("exit", () => process.exit(0));`;
  const project = new Project({ "schema/api.ts": `${schemaOf(HELLO)}${code}\n` });
  const outdated = { status: 1, stderr: expect.stringContaining("out of date") };
  expect(await genProcess(project, "--check")).toMatchObject(outdated);
  expect(await genProcess(project)).toMatchObject({ status: 0, stderr: "" });
  project.write("generated/client.d.ts", "export const mine = 1;\n");
  const refused = { status: 1, stderr: expect.stringContaining("not a generated file") };
  expect(await gen(project)).toMatchObject(refused);
});

test.each([
  [
    "an endless loop",
    "while (true) {}",
    "200",
    "1:1: this module did not end within 200 ms; look for an endless loop, or raise --load-timeout",
  ],
  [
    "an exception in a timer",
    'setTimeout(() => { throw new Error("late"); }, 0);\nawait new Promise(() => {});',
    "60000",
    "1:26: Error: late",
  ],
])("%s in a schema is a problem", async (_title, code, timeout, message) => {
  const project = new Project({ "schema/api.ts": `${code}\nexport default 1;\n` });
  const result = await gen(project, "--check", "--load-timeout", timeout);
  expect(result).toEqual({ status: 1, stdout: "", stderr: `schema/api.ts:${message}\n` });
});

test("gen --json prints the result and the problems as JSON", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const good = await gen(project, "--json");
  expect(JSON.parse(good.stdout)).toMatchObject({ ok: true, out: "generated", removed: [] });
  project.write("schema/api.ts", schemaOf("a: { POST: {} }", "b: 5"));
  const bad = await gen(project, "--json");
  expect(bad).toMatchObject({ status: 1, stderr: "" });
  expect(JSON.parse(bad.stdout)).toMatchObject({
    ok: false,
    problems: [
      { file: "schema/api.ts", line: 7, column: 10, path: "resources.a.POST" },
      { file: "schema/api.ts", line: 8, column: 5, path: "resources.b" },
    ],
  });
});

test("gen --ci prints annotations of GitHub Actions beside the problems", async () => {
  const project = new Project({ "schema/api.ts": schemaOf("b: 5") });
  const { status, stderr } = await gen(project, "--ci");
  expect(status).toBe(1);
  expect(stderr.split("\n")[1]).toBe(
    "::error file=schema/api.ts,line=7,col=5,title=sshrpc gen::resources.b: expected an object of verbs, such as `{ GET: { response: Note } }`",
  );
});
