import { RULES as CHANGE_RULES } from "@sshrpc/codegen/diff";
import { RULES } from "@sshrpc/codegen/lint";
import { expect, test } from "vitest";
import { type Outcome, sshrpc } from "../../runtime/cli/run.js";
import { Project, schemaOf } from "../project.js";

const NULL = "response: Type.Null()";
/** One error and one warning, in lines 9 and 11. */
const SCHEMA = schemaOf(
  `/** A. */\n/** Reads. */\na: { description: "A.", GET: { ${NULL}, scope: "a", description: "Reads." }, DELETE: { ${NULL}, description: "Removes." } }`,
  `/** B. */\nb: { STORE: { request: Type.String(), ${NULL}, scope: "b", description: "Adds." } }`,
);
const ERROR =
  'schema/api.ts:9:92: resources.a.DELETE: error: no scope, so that every key may call it, and resources.a.GET has one; add scope: "a:write" (missing-scope)\n';
const WARNING =
  "schema/api.ts:11:15: resources.b.STORE.request: warning: unbounded string; add a bound, such as maxLength: 1000 (unbounded-string)\n";
const EXPLAIN = '"sshrpc explain RULE" explains a rule\n';

function lint(project: Project, ...args: readonly string[]): Promise<Outcome> {
  return sshrpc(["lint", ...args], { cwd: project.folder });
}

function configured(config: unknown, schema = SCHEMA): Project {
  return new Project({ "schema/api.ts": schema, "sshrpc.config.json": JSON.stringify({ lint: config }) });
}

test("lint prints findings in source order, and fails on errors", async () => {
  const project = new Project({ "schema/api.ts": SCHEMA });
  const stdout = `${ERROR}${WARNING}1 error, 1 warning; ${EXPLAIN}`;
  expect(await lint(project)).toEqual({ status: 1, stdout, stderr: "" });
  project.write("other/api.ts", schemaOf(`/** C. */\nc: { GET: { ${NULL}, description: "Reads." } }`));
  expect(await lint(project, "other/api.ts")).toEqual({ status: 0, stdout: "no findings\n", stderr: "" });
});

test("warnings fail only beyond --max-warnings", async () => {
  const project = configured({ rules: { "missing-scope": "off" } });
  const stdout = `${WARNING}0 errors, 1 warning; ${EXPLAIN}`;
  expect(await lint(project)).toEqual({ status: 0, stdout, stderr: "" });
  expect(await lint(project, "--max-warnings", "1")).toEqual({ status: 0, stdout, stderr: "" });
  const stderr = "sshrpc: 1 warning, more than --max-warnings 0\n";
  expect(await lint(project, "--max-warnings", "0")).toEqual({ status: 1, stdout, stderr });
});

test("the config changes levels, and ignores findings by rule and path", async () => {
  const ignore = [{ rule: "missing-scope", path: "resources.a.*", reason: "every key may" }];
  const project = configured({ rules: { "unbounded-string": "error" }, ignore });
  const stdout = `${WARNING.replace("warning", "error")}1 error, 0 warnings; ${EXPLAIN}`;
  expect(await lint(project)).toEqual({ status: 1, stdout, stderr: "" });
});

test("comments ignore findings of the next line with code, or of their own line", async () => {
  const above = "// sshrpc-lint-ignore missing-scope: every key may\n";
  const beside = " // sshrpc-lint-ignore unbounded-string: the gateway bounds it\n";
  const text = SCHEMA.replace("/** Reads. */", `${above}\n/** Reads. */`).replace(
    '"Adds." } },\n',
    `"Adds." } },${beside}`,
  );
  expect(await lint(new Project({ "schema/api.ts": text }))).toEqual({
    status: 0,
    stdout: "no findings\n",
    stderr: "",
  });
});

test("ignore comments need a known rule and a reason, and something to ignore", async () => {
  const comments = [
    "// sshrpc-lint-ignore unbound-string: short",
    "// sshrpc-lint-ignore missing-scope",
    "// sshrpc-lint-ignore: as it is",
    "/* sshrpc-lint-ignore path-case: as it is */",
  ];
  const ignore = [{ rule: "unused-type", path: "Note", reason: "later" }];
  const { stdout, status } = await lint(configured({ ignore }, `${comments.join("\n")}\n${SCHEMA}`));
  expect(status).toBe(1);
  expect(stdout.split("\n")).toEqual([
    'schema/api.ts:1:1: error: unknown rule "unbound-string" (did you mean "unbounded-string"?); "sshrpc explain" lists the rules (invalid-ignore)',
    "schema/api.ts:2:1: error: missing reason; write // sshrpc-lint-ignore missing-scope: and why (invalid-ignore)",
    "schema/api.ts:3:1: error: missing rule; write // sshrpc-lint-ignore RULE: and why (invalid-ignore)",
    "schema/api.ts:4:1: warning: nothing to ignore: no finding of path-case in line 5; remove the comment (unused-ignore)",
    expect.stringContaining("schema/api.ts:13:92: "),
    expect.stringContaining("schema/api.ts:15:15: "),
    "sshrpc.config.json:1:1: warning: nothing to ignore: no finding of unused-type at Note; remove it from lint.ignore (unused-ignore)",
    `4 errors, 3 warnings; ${EXPLAIN.trim()}`,
    "",
  ]);
});

test.each<[config: unknown, message: string]>([
  [5, ":1:2: lint: invalid type number; it takes an object"],
  [{ rule: {} }, ':1:10: lint.rule: unknown option of sshrpc lint (did you mean "rules"?)'],
  [{ ignore: {} }, ":1:10: lint.ignore: invalid type object; it takes a list"],
  [
    { rules: { "unbound-string": "off" } },
    ': lint.rules: unknown rule "unbound-string" (did you mean "unbounded-string"?); "sshrpc explain" lists the rules',
  ],
  [{ rules: { "path-case": "warning" } }, ': lint.rules.path-case: expected one of "error", "warn", "off"'],
  [{ ignore: [{ rule: "path-case", path: "a" }] }, ': lint.ignore[0]: missing "reason", a text'],
  [{ ignore: [{ rule: "path", path: "a", reason: "b" }] }, ': lint.ignore[0]: unknown rule "path"'],
])("the config %j is a usage error", async (config, message) => {
  const { status, stdout, stderr } = await lint(configured(config));
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain(`sshrpc: sshrpc.config.json${message}`);
});

test("--json prints findings with positions, and --ci annotations at their lines", async () => {
  const project = new Project({ "schema/api.ts": SCHEMA });
  const { status, stdout, stderr } = await lint(project, "--json", "--ci");
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    errors: 1,
    warnings: 1,
    findings: [
      { rule: "missing-scope", level: "error", file: "schema/api.ts", line: 9, column: 92, path: "resources.a.DELETE" },
      { rule: "unbounded-string", level: "warn", file: "schema/api.ts", line: 11, column: 15 },
    ],
  });
  const [error, warning] = stderr.split("\n");
  expect(error).toContain(
    "::error file=schema/api.ts,line=9,col=92,title=sshrpc lint missing-scope::resources.a.DELETE: no scope",
  );
  expect(warning).toContain("::warning file=schema/api.ts,line=11,col=15,title=sshrpc lint unbounded-string::");
});

test("a schema that gen refuses ends lint with status 2", async () => {
  const project = new Project({ "schema/api.ts": schemaOf("a: { POST: {} }") });
  const refused = await lint(project);
  expect(refused).toMatchObject({ status: 2, stdout: "" });
  expect(refused.stderr).toMatch(/^schema\/api\.ts:7:10: resources\.a\.POST: unknown verb POST.*\n$/);
  const { status, stdout, stderr } = await lint(project, "--json", "--ci");
  expect([status, JSON.parse(stdout).problems[0].line]).toEqual([2, 7]);
  expect(stderr).toMatch(/^::error file=schema\/api\.ts,line=7,col=10,title=sshrpc lint::resources\.a\.POST: /);
  expect(await lint(project, "nope.ts")).toMatchObject({ status: 2, stderr: expect.stringContaining("no such file") });
  expect(await lint(project, "--max-warnings", "x")).toMatchObject({ status: 2 });
});

test("explain lists the rules, and explains each", async () => {
  const { stdout } = await sshrpc(["explain"]);
  expect(stdout.split("\n").map((line) => line.split(" ")[0])).toEqual([
    ...[...RULES.map(({ id }) => id), ...Object.keys(CHANGE_RULES)],
    "",
  ]);
  for (const { id, title } of RULES) {
    const explained = await sshrpc(["explain", id]);
    expect(explained).toMatchObject({ status: 0, stderr: "" });
    expect(explained.stdout).toContain(`${id}: ${title}\n\n`);
    expect(explained.stdout).toContain(`// sshrpc-lint-ignore ${id}: reason\n`);
  }
  expect(await sshrpc(["explain", "path-cases"])).toEqual({
    status: 2,
    stdout: "",
    stderr: 'sshrpc: unknown rule "path-cases" (did you mean "path-case"?); "sshrpc explain" lists the rules\n',
  });
});
