import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type Outcome, sshrpc } from "../../runtime/cli/run.js";
import { Project } from "../project.js";

const NOTE = "{ id: Type.Integer(), text: Type.String() }";

/** A schema of one method, whose request is an object with these properties. */
function schema(properties: string, { version = "1.0.0", name = "notes", more = "" } = {}): string {
  return [
    'import Type from "typebox";',
    'import { defineApi } from "sshrpc/schema";',
    `export const Note = Type.Object(${NOTE});`,
    "export default defineApi({",
    `  name: "${name}",`,
    `  version: "${version}",`,
    "  resources: {",
    `    notes: { GET: { request: Type.Object({ ${properties} }), response: Type.Array(Note) } },`,
    more,
    "  },",
    "});",
    "",
  ].join("\n");
}

const ONE = schema("q: Type.String()");
/** A required property more. */
const BROKEN = schema("q: Type.String(), limit: Type.Integer()", { version: "2.0.0" });
/** An optional property more. */
const GROWN = schema("q: Type.String(), limit: Type.Optional(Type.Integer())", { version: "1.1.0" });

function diff(project: Project, ...args: readonly string[]): Promise<Outcome> {
  return sshrpc(["diff", ...args], { cwd: project.folder });
}

test("diff prints what breaks with a value, the reason, the order and the fix, and exits with 1", async () => {
  const project = new Project({ "old.ts": ONE, "schema/api.ts": BROKEN });
  expect(await diff(project, "old.ts")).toEqual({
    status: 1,
    stderr: "",
    stdout: `old.ts (notes 1.0.0) → schema/api.ts (notes 2.0.0)

GET /notes
  breaking    request $.limit: required property added (required-property-added)
              none → {"type":"integer"}
              the old client sends {"q":"a"}, and the new server refuses it: /: required {"missingProperty":"limit"}
              roll out: in steps, because no order of servers and clients works
              instead: add it as optional, update every client, then require it

1 change: 1 breaking
`,
  });
});

test("diff exits with 0 where nothing breaks", async () => {
  const project = new Project({ "old.ts": ONE, "new.ts": GROWN });
  const { status, stdout } = await diff(project, "old.ts", "new.ts");
  expect(stdout).toContain("compatible  request $.limit: optional property added");
  expect(stdout).toContain("roll out: server first");
  expect(status).toBe(0);
  expect((await diff(project, "old.ts", "old.ts")).stdout).toContain("no changes");
});

test("diff --json prints the changes with the line of each in the schema", async () => {
  const project = new Project({ "old.ts": ONE, "schema/api.ts": BROKEN });
  const { status, stdout, stderr } = await diff(project, "old.ts", "--json");
  expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    old: { source: "old.ts", name: "notes", version: "1.0.0", complete: true },
    counts: { breaking: 1, unknown: 0 },
    changes: [
      {
        rule: "required-property-added",
        method: "GET /notes",
        direction: "request",
        path: "$.limit",
        new: { type: "integer" },
        witness: { value: { q: "a" }, sender: "old client" },
        at: { file: "schema/api.ts", line: 8 },
      },
    ],
  });
});

test("diff --ci annotates the line of a change, also inside an exported type", async () => {
  const changed = ONE.replace("text: Type.String()", "text: Type.Union([Type.String(), Type.Null()])");
  const project = new Project({ "old.ts": ONE, "schema/api.ts": changed });
  const { stderr } = await diff(project, "old.ts", "--ci");
  expect(stderr).toMatch(
    /^::error file=schema\/api\.ts,line=3,col=\d+,title=sshrpc diff null-added::GET \/notes: breaking .*%0Athe new server sends .*\n$/,
  );
});

test("a change inside an object without a name is at the line of the property around it", async () => {
  const old = schema("\nb: Type.String(),\na: Type.Object({ b: Type.Integer() })\n");
  const project = new Project({ "old.ts": old, "schema/api.ts": old.replace("b: Type.Integer()", "b: Type.Null()") });
  const { stdout } = await diff(project, "old.ts", "--json");
  expect(JSON.parse(stdout).changes).toMatchObject([{ path: "$.a.b", at: { file: "schema/api.ts", line: 10 } }]);
});

describe("a contract comes from", () => {
  test.each([
    ["an api.json", "generated/api.json"],
    ["a folder of generated files", "generated"],
    ["a folder of a project", "."],
    ["a commit, of which it runs the schema", "git:HEAD:schema/api.ts"],
    ["a commit with a committed api.json", "git:HEAD:generated/api.json"],
    ["a commit without a path", "git:HEAD"],
    ["an earlier commit", "git:HEAD~0"],
  ])("%s", async (_what, old) => {
    const project = new Project({ "schema/api.ts": ONE, ".gitignore": "node_modules\n" });
    await sshrpc(["gen"], { cwd: project.folder });
    commit(project);
    project.write("schema/api.ts", BROKEN);
    const { status, stdout, stderr } = await diff(project, old);
    expect(stderr).toBe("");
    expect(stdout).toContain("required-property-added");
    expect(status).toBe(1);
  });

  test("a commit that is missing says how to get it, in a shallow clone too", async () => {
    const project = new Project({ "schema/api.ts": ONE, ".gitignore": "node_modules\n" });
    commit(project);
    const missing = await sshrpc(["diff", "git:nope"], { cwd: project.folder });
    expect(missing).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no such commit; fetch it, .*git:origin\/main/),
    });
    const head = execFileSync("git", ["rev-parse", "HEAD"], { cwd: project.folder, encoding: "utf8" });
    project.write(".git/shallow", head);
    const shallow = await sshrpc(["diff", "git:HEAD~1"], { cwd: project.folder });
    expect(shallow).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/the clone is shallow: .*fetch-depth: 0/),
    });
  });

  test("a commit without an api.json, in a folder below the root of the repository", async () => {
    const project = new Project({ "packages/api/schema/api.ts": ONE, ".gitignore": "node_modules\n" });
    commit(project);
    project.write("packages/api/schema/api.ts", BROKEN);
    const { status, stdout } = await sshrpc(["diff", "git:HEAD"], { cwd: `${project.folder}/packages/api` });
    expect(stdout).toContain("required-property-added");
    expect(status).toBe(1);
    expect(execFileSync("git", ["status", "--short"], { cwd: project.folder, encoding: "utf8" })).toBe(
      " M packages/api/schema/api.ts\n",
    );
  });
});

function commit({ folder }: Project): void {
  const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: folder, stdio: "ignore" });
  git("init", "--quiet");
  git("add", "--all");
  git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "one");
}

describe("bad input ends with status 2 and one line:", () => {
  const CONTRACT = { sshrpc: 1, name: "notes", version: "1", hash: "", types: {}, resources: {}, callbacks: {} };
  test.each<[string, string, RegExp]>([
    ["an empty argument", "", /^sshrpc: an empty argument; name a contract, such as git:origin\/main\n$/],
    ["a missing file", "nope.json", /^sshrpc: nope\.json: no such file; for a commit use git:nope\.json\n$/],
    ["text that is not JSON", "text.json", /^sshrpc: text\.json: invalid JSON: .*\n$/],
    [
      "JSON that is not a contract",
      "other.json",
      /^sshrpc: other\.json: not a contract of sshrpc; use an api\.json .*\n$/,
    ],
    [
      "a contract of a later format",
      "later.json",
      /^sshrpc: later\.json: unknown version 2 of the contract format; update @sshrpc\/codegen\n$/,
    ],
    ["a reference to nothing", "ref.json", /^sshrpc: ref\.json: reference to an unknown type "Gone"\n$/],
    ["a type that is itself", "circle.json", /^sshrpc: circle\.json: circular reference A → A\n$/],
    [
      "a method with a kind of other streams",
      "kind.json",
      /^sshrpc: kind\.json: resources\.a\.GET: the kind is "unary", .*\n$/,
    ],
    [
      "a method without a schema",
      "field.json",
      /^sshrpc: field\.json: resources\.a\.GET: missing or invalid response\n$/,
    ],
    ["a type with a name of code", "name.json", /^sshrpc: name\.json: invalid type name "a;b"\n$/],
    ["a contract that is nested too deeply", "deep.json", /^sshrpc: deep\.json: nested more than 1000 levels deep\n$/],
    ["a folder without a contract", "empty", /^sshrpc: empty: the folder has none of api\.json, .*\n$/],
    ["a commit outside of a repository", "git:HEAD", /^sshrpc: git:HEAD: .*\n$/],
    [
      "an option in the place of a commit",
      "git:--output=x",
      /^sshrpc: git:--output=x: invalid commit; use git:REF .*\n$/,
    ],
    [
      "another API",
      "api.json",
      /^sshrpc: api\.json and schema\/api\.ts are contracts of two APIs, "other" and "notes"; compare versions of one\n$/,
    ],
  ])("%s", async (_what, old, message) => {
    const circle = { ...CONTRACT, types: { A: { allOf: [{ $ref: "#/types/A" }] } } };
    const methods = (more: object) => ({ GET: { kind: "unary", idempotent: true, request: {}, ...more } });
    const having = (more: object) =>
      JSON.stringify({ ...CONTRACT, resources: { a: { path: "/a", methods: methods(more) } } });
    const ref = { ...CONTRACT, resources: { a: { path: "/a", methods: {} } }, types: { A: { $ref: "#/types/Gone" } } };
    const project = new Project({
      "schema/api.ts": ONE,
      "text.json": "{",
      "other.json": '{"name":"x"}',
      "later.json": JSON.stringify({ ...CONTRACT, sshrpc: 2 }),
      "ref.json": JSON.stringify(ref),
      "circle.json": JSON.stringify(circle),
      "kind.json": having({ responseStream: {} }),
      "field.json": having({ response: true }),
      "name.json": JSON.stringify({ ...CONTRACT, types: { "a;b": {} } }),
      "deep.json": `{"sshrpc":1,"x":${"[".repeat(5000)}${"]".repeat(5000)}}`,
      "empty/README.md": "",
      "api.json": JSON.stringify({ ...CONTRACT, name: "other" }),
    });
    const { status, stdout, stderr } = await diff(project, old);
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });
});

describe("a contract that codegen has not written", () => {
  function contracts(request: object, next: object): Project {
    const text = (schema: object): string => {
      const methods = { GET: { kind: "unary", idempotent: true, request: schema, response: {} } };
      const resources = { a: { path: "/a", methods } };
      return JSON.stringify({ sshrpc: 1, name: "x", version: "1", hash: "", resources });
    };
    return new Project({ "old.json": text(request), "new.json": text(next) });
  }

  test("with keywords of other types ends with status 2", async () => {
    const project = contracts({ type: "object", properties: { a: { allOf: 5 } }, required: 7 }, { type: "string" });
    const { status, stdout, stderr } = await diff(project, "old.json", "new.json");
    expect(stderr).toMatch(/^sshrpc: the contracts cannot be compared: .*\n$/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  test("with an invalid pattern has an unknown change", async () => {
    const project = contracts({ type: "string", pattern: "(" }, { type: "string", maxLength: 3 });
    const { status, stdout } = await diff(project, "old.json", "new.json");
    expect(stdout).toContain("unknown: the validators cannot be compiled: ");
    expect(status).toBe(0);
  });
});

test("a schema with problems ends with status 2, and the problems with their lines", async () => {
  const project = new Project({ "old.ts": ONE, "schema/api.ts": ONE.replace("GET:", "POST:") });
  const { status, stderr } = await diff(project, "old.ts", "--ci");
  expect(stderr).toMatch(
    /^schema\/api\.ts:8:\d+: resources\.notes\.POST: unknown verb .*\n::error file=schema\/api\.ts,line=8,/,
  );
  expect(status).toBe(2);
});

test("swapped contracts are noticed: the versions go down and the change back breaks nothing", async () => {
  const project = new Project({ "old.ts": ONE, "new.ts": GROWN });
  const { status, stdout } = await diff(project, "new.ts", "old.ts");
  expect(stdout).toContain(
    "note: the versions go down (1.1.0 to 1.0.0), and the change back breaks nothing: OLD and NEW may be swapped\n",
  );
  expect(status).toBe(1);
  expect((await diff(project, "old.ts", "new.ts")).stdout).not.toContain("swapped");
});

test("files of Windows, with a byte order mark and line breaks of two characters, are read", async () => {
  const contract = { sshrpc: 1, name: "notes", version: "1", hash: "", types: {}, resources: {}, callbacks: {} };
  const text = `\ufeff${JSON.stringify(contract, undefined, 2).replaceAll("\n", "\r\n")}\r\n`;
  const project = new Project({ "old.json": text, "new.json": text, "sshrpc.accepted.json": "\ufeff[]\r\n" });
  const { status, stdout } = await diff(project, "old.json", "new.json");
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("no changes") });
});

describe("accepted breaks", () => {
  const ENTRY = {
    rule: "required-property-added",
    method: "GET /notes",
    path: "$.limit",
    reason: "no client in use",
    date: "2026-11-30",
  };

  test("an accepted break is shown with its reason, and does not fail", async () => {
    const project = new Project({
      "old.ts": ONE,
      "schema/api.ts": BROKEN,
      "sshrpc.accepted.json": JSON.stringify([ENTRY]),
    });
    const { status, stdout, stderr } = await diff(project, "old.ts", "--ci");
    expect(stdout).toContain("accepted    request $.limit: required property added");
    expect(stdout).toContain("accepted on 2026-11-30: no client in use");
    expect(stdout).toContain("1 change: 1 accepted");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test("an entry that accepts no change is reported as stale, and the others do not cover more", async () => {
    const entries = [{ ...ENTRY, path: "$.other" }];
    const project = new Project({ "old.ts": ONE, "schema/api.ts": BROKEN, "a.json": JSON.stringify(entries) });
    const { status, stdout } = await diff(project, "old.ts", "--accepted", "a.json");
    expect(stdout).toContain("stale: no change is accepted by required-property-added GET /notes $.other\n");
    expect(status).toBe(1);
  });

  test.each<[string, unknown, string]>([
    ["without a reason", [{ ...ENTRY, reason: "" }], 'entry 1: "reason" must be a text'],
    ["without a day", [{ ...ENTRY, date: "today" }], 'entry 1: "date" must be a day such as 2026-11-30'],
    ["of an unknown rule", [{ ...ENTRY, rule: "x" }], 'entry 1: unknown rule "x"'],
    ["with an unknown field", [{ ...ENTRY, who: "me" }], 'entry 1: unknown option "who"'],
    ["in the place of the list", {}, "expected an array of accepted breaks"],
    ["that is there twice", [ENTRY, ENTRY], "entry 2: accepts the same change as entry 1; remove one"],
    [
      "of a day that no month has",
      [{ ...ENTRY, date: "2026-02-30" }],
      'entry 1: "date" must be a day such as 2026-11-30',
    ],
    [
      "with a misspelled rule",
      [{ ...ENTRY, rule: "required-property-aded" }],
      'entry 1: unknown rule "required-property-aded" (did you mean "required-property-added"?)',
    ],
  ])("an entry %s is refused", async (_what, entries, message) => {
    const project = new Project({ "old.ts": ONE, "schema/api.ts": BROKEN, "a.json": JSON.stringify(entries) });
    const { status, stderr } = await diff(project, "old.ts", "--accepted", "a.json");
    expect(stderr).toContain(`sshrpc: a.json: ${message}`);
    expect(status).toBe(2);
  });

  test("a named file that is missing is an error", async () => {
    const project = new Project({ "old.ts": ONE, "schema/api.ts": BROKEN });
    const { status, stderr } = await diff(project, "old.ts", "--accepted", "nope.json");
    expect(stderr).toMatch(/^sshrpc: nope\.json: cannot be read: .*\n$/);
    expect(status).toBe(2);
  });
});

test("text of a contract cannot control the terminal", async () => {
  const method = { kind: "unary", idempotent: true, request: { type: "object" }, response: { type: "null" } };
  const contract = (name: string) => ({
    ...{ sshrpc: 1, name: "notes", version: "1\u001b[31m", hash: "", types: {}, callbacks: {} },
    resources: { a: { path: "/a", methods: { GET: method } }, [name]: { path: `/${name}`, methods: { GET: method } } },
  });
  const project = new Project({
    "old.json": JSON.stringify(contract("b\u001b[2J\u202e")),
    "new.json": JSON.stringify(contract("c")),
  });
  const { stdout } = await diff(project, "old.json", "new.json");
  expect(stdout).not.toContain("\u001b");
  expect(stdout).not.toContain("\u202e");
  expect(stdout).toContain("\\u001b[2J");
});
