import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generate } from "../../../../codegen/src/index.js";
import { schemaOf, sharedProject } from "../../codegen/project.js";
import { sshrpc, sshrpcProcess, start } from "./run.js";

const project = sharedProject();
let count = 0;

beforeAll(async () => {
  project.write("package.json", '{ "type": "module" }');
  project.write(
    "schema/api.ts",
    schemaOf(
      "hello: { GET: { response: Type.String() } }",
      "notes: { GET: { response: Type.String() }, STORE: { response: Type.String() } }",
    ),
  );
  project.write("other/schema/api.ts", schemaOf("bye: { GET: { response: Type.String() } }"));
  await generate({ cwd: project.folder });
  await generate({ cwd: join(project.folder, "other") });
});

afterAll(() => project.dispose());

const moduleOf = (handlers: string, api = "../generated/server.js") =>
  `import { defineHandlerModule } from "${api}";\nexport default defineHandlerModule(${handlers});\n`;
const HELLO = moduleOf('{ hello: { get: () => "hello" } }');
const NOTES = moduleOf('{ notes: { get: () => "list", store: () => "stored" } }');

/** A folder with these modules, in the project. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const name = `handlers${++count}`;
  mkdirSync(join(project.folder, name));
  for (const [file, text] of Object.entries(files)) project.write(`${name}/${file}`, text);
  return name;
}

/** Runs one command of a caller with `serve --stdio`, as sshd does. */
function call(command: string, ...flags: readonly string[]) {
  const env = { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22", SSH_ORIGINAL_COMMAND: command };
  return sshrpcProcess(["serve", "--stdio", "--forced", ...flags], { cwd: project.folder, env });
}

/** What `serve` prints about a folder that it does not serve, without the name of the folder. */
async function refusal(files: Readonly<Record<string, string>>, ...flags: readonly string[]): Promise<string> {
  const folder = folderOf(files);
  const args = ["serve", "--handlers", folder, "--port", "0", ...flags];
  const { status, stdout, stderr } = await sshrpc(args, { cwd: project.folder });
  expect([status, stdout]).toEqual([1, ""]);
  return stderr.replaceAll(folder, "handlers");
}

test.each(["GET /hello", "GET /notes", "STORE /notes"])(
  "serve takes the handlers of %s from a folder of TypeScript, ESM and CommonJS modules",
  async (command) => {
    const folder = folderOf({
      "hello.cjs": `const { bindModule } = require("sshrpc/generated");
module.exports = (async () => {
  const { api } = await import("../generated/api.js");
  return bindModule(api, { hello: { get: () => "hello" } });
})();`,
      "get-notes.mjs": moduleOf('{ notes: { get: () => "list" } }'),
      "store-notes.ts": moduleOf('{ notes: { store: (): string => "stored" } }'),
    });
    const texts: Readonly<Record<string, string>> = {
      "GET /hello": "hello",
      "GET /notes": "list",
      "STORE /notes": "stored",
    };
    expect(await call(command, "--handlers", folder)).toEqual({
      status: 0,
      stdout: `"${texts[command]}"\n`,
      stderr: "",
    });
  },
);

test("serve ignores subfolders, index files, tests, declarations, and names with a leading _ or .", async () => {
  const broken = 'throw new Error("loaded");\n';
  const folder = folderOf({
    ...{ "hello.js": HELLO, "notes.js": NOTES, "README.md": "", "notes.js.map": "{}" },
    ...{ "index.ts": broken, "_store.js": broken, ".hidden.js": broken, "notes.test.ts": broken, "notes.d.ts": broken },
    "lib/store.js": broken,
  });
  expect(await call("GET /notes", "--handlers", folder)).toEqual({ status: 0, stdout: '"list"\n', stderr: "" });
});

test("serve names every module that throws, has a syntax error, never settles or exports nothing, and every method without a handler", async () => {
  const text = await refusal(
    {
      "a-throws.js": 'import "../generated/server.js";\n\nthrow new Error("no database");\n',
      "b-syntax.ts": "export default {\n  hello: ;\n",
      "c-waits.js": "await new Promise(() => {});\nexport default 1;\n",
      "d-empty.js": "export const text = 1;\n",
      "e-unknown.js": moduleOf("{ helo: { get: () => 1 }, notes: { gt: () => 1, store: 5 } }"),
      "f-imports.mjs": 'import "./none.js";\n',
      "hello.js": HELLO,
    },
    "--import-timeout",
    "4s",
  );
  expect(text.split("\n")).toEqual([
    "sshrpc: --handlers handlers: 8 problems",
    expect.stringMatching(/^handlers\/a-throws\.js:3:7: no database$/),
    expect.stringMatching(/^handlers\/b-syntax\.ts:2:\d+: .+/),
    "handlers/c-waits.js: not loaded within 4000 ms: a top-level await may not settle",
    "handlers/d-empty.js: expected export default defineHandlerModule({ … }); put helpers in a subfolder, or name them _d-empty.js",
    "handlers/e-unknown.js:2:16: unknown resource helo (did you mean hello?); unknown method notes.gt (did you mean notes.get?); notes.store (STORE /notes) is not a function",
    expect.stringMatching(/^handlers\/f-imports\.mjs(?::1:1)?: Cannot find module .*none\.js/),
    "GET /notes: no module has its handler, notes.get",
    "STORE /notes: no module has its handler, notes.store",
    "--keep-going serves the other methods",
    "",
  ]);
});

test("serve refuses two modules for one method, also with --keep-going, and names both", async () => {
  const files = { "hello.js": HELLO, "notes.js": NOTES, "more.mjs": moduleOf('{ notes: { get: () => "again" } }') };
  for (const flags of [[], ["--keep-going"]]) {
    expect(await refusal(files, ...flags)).toBe(
      "sshrpc: --handlers handlers: 1 problem\n" +
        "GET /notes: handlers/more.mjs and handlers/notes.js have a handler; remove all but one\n",
    );
  }
});

test("serve refuses modules of two APIs, and a folder without a module", async () => {
  const other = moduleOf('{ bye: { get: () => "bye" } }', "../other/generated/server.js");
  expect(await refusal({ "bye.js": other, "hello.js": HELLO }, "--keep-going")).toBe(
    "sshrpc: --handlers handlers: 1 problem\n" +
      "handlers/hello.js (test 1.0.0) and handlers/bye.js (test 1.0.0): different contracts; import from one generated folder\n",
  );
  expect(await refusal({ "index.js": HELLO }, "--keep-going")).toContain("1 problem\nno module: ");
});

test("with --keep-going, serve logs each problem, serves the rest, and methods without a handler respond UNIMPLEMENTED", async () => {
  const folder = folderOf({ "hello.js": HELLO, "notes.js": 'throw new Error("no database");\n' });
  const server = start(["serve", "--handlers", folder, "--keep-going", "--port", "0"], { cwd: project.folder });
  await server.prints(/test 1\.0\.0 listens on/);
  const lines = server.output().stderr.replaceAll(folder, "handlers");
  expect(lines).toMatch(/"level":"warn".*handlers\/notes\.js:1:7: no database/);
  expect(lines).toMatch(/"level":"warn".*GET \/notes: no module has its handler, notes\.get/);
  const flags = ["--handlers", folder, "--keep-going"];
  expect(await call("GET /hello", ...flags)).toMatchObject({ status: 0, stdout: '"hello"\n' });
  expect(await call("GET /notes", ...flags)).toMatchObject({
    status: 5,
    stderr: expect.stringContaining('"status":"UNIMPLEMENTED","code":501,"method":"GET /notes"'),
  });
});

test("serve refuses a module in place of a folder, --keep-going for a file, and a file that never settles", async () => {
  const folder = folderOf({ "hello.js": HELLO, "waits.js": "await new Promise(() => {});\n" });
  const serve = (...args: readonly string[]) => sshrpc(["serve", "--port", "0", ...args], { cwd: project.folder });
  expect(await serve("--handlers", `${folder}/hello.js`)).toMatchObject({
    status: 2,
    stderr: `sshrpc: ${folder}/hello.js: has some of the handlers only; name its folder, which has the other modules\n`,
  });
  expect(await serve("--handlers", `${folder}/hello.js`, "--keep-going")).toMatchObject({
    status: 2,
    stderr: `sshrpc: --keep-going requires a folder of modules; ${folder}/hello.js is a file\n`,
  });
  expect(await serve("--handlers", `${folder}/waits.js`, "--import-timeout", "300ms")).toMatchObject({
    status: 1,
    stderr: `sshrpc: ${folder}/waits.js: not loaded within 300 ms: a top-level await may not settle; see --import-timeout\n`,
  });
});
