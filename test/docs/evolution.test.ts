import { fileURLToPath } from "node:url";
import { generate, SchemaProblem } from "@sshrpc/codegen";
import { type Judgement, type RuleId, ruleOf } from "@sshrpc/codegen/diff";
import { RULES } from "@sshrpc/codegen/lint";
import { RpcError } from "sshrpc/client";
import { inMemory } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { run } from "../interop/run.js";
import { Project } from "../unit/codegen/project.js";
import { sshrpc } from "../unit/runtime/cli/run.js";
import { block, readPage, typed } from "./pages.js";

const PAGE = "docs/evolution.md";
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What the story sends and receives. */
interface Task {
  readonly id: number;
  readonly title: string;
  readonly owner?: string;
  readonly owners?: readonly string[];
}

interface Version {
  readonly connect: (target: unknown) => Promise<{
    readonly task: { readonly update: (task: Task) => Promise<Task> };
    close(): Promise<void>;
  }>;
  readonly defineHandlers: (handlers: unknown) => Parameters<typeof inMemory>[0];
}

function schemaOf(version: string): string {
  return block(PAGE, `// version ${version}\n`);
}

/** The generated code of a version of the story. */
async function generated(version: string): Promise<Version> {
  const project = new Project({ "schema/api.ts": schemaOf(version), "package.json": '{ "type": "module" }' });
  await generate({ cwd: project.folder });
  const client = await import(`${project.folder}/generated/client.js`);
  const server = await import(`${project.folder}/generated/server.js`);
  return { connect: client.connect, defineHandlers: server.defineHandlers };
}

/** Sends a task from a client of one version to a server of another, whose handler does what the story says. */
async function send(versions: { readonly client: string; readonly server: string }, task: Task): Promise<Task> {
  const [client, server] = [await generated(versions.client), await generated(versions.server)];
  const update = ({ owner, owners = owner === undefined ? [] : [owner], ...rest }: Task): Task =>
    versions.server === "1.0.0"
      ? { ...rest, ...(owner === undefined ? {} : { owner }) }
      : { ...rest, owners, ...(versions.server === "1.1.0" && owners[0] !== undefined ? { owner: owners[0] } : {}) };
  const handlers = server.defineHandlers({ task: { get: () => ({ id: 1, title: "t" }), update } });
  const connection = await client.connect(inMemory(handlers));
  try {
    return await connection.task.update(task);
  } finally {
    await connection.close();
  }
}

const TASK = { id: 1, title: "Paint" };

describe("the story of docs/evolution.md", () => {
  test("a client of 1.0.0 works with a server of 1.1.0", async () => {
    const task = { ...TASK, owner: "ann" };
    expect(await send({ client: "1.0.0", server: "1.1.0" }, task)).toEqual({ ...task, owners: ["ann"] });
  });

  test("a client of 1.1.0 works with a server of 2.0.0, and that of 1.1.0", async () => {
    const task = { ...TASK, owners: ["ann", "bob"] };
    expect(await send({ client: "1.1.0", server: "2.0.0" }, task)).toEqual(task);
    expect(await send({ client: "1.1.0", server: "1.1.0" }, task)).toEqual({ ...task, owner: "ann" });
  });

  test.each([
    ["1.1.0", "1.0.0", "owners", ["ann"]],
    ["1.0.0", "2.0.0", "owner", "ann"],
  ])("a client of %s is refused by a server of %s, as the page shows", async (client, server, property, value) => {
    const error = await send({ client, server }, { ...TASK, [property]: value }).catch((thrown: unknown) => thrown);
    if (!(error instanceof RpcError)) throw error;
    expect(`${error.status}: ${error.message}`).toContain(block(PAGE, `BAD_REQUEST: /${property}:`).trim());
  });

  test("the reserved name is refused where the page says", async () => {
    const owners = "    owners: Type.Optional(Type.Array(Name, { maxItems: 20 })),\n";
    const text = schemaOf("2.0.0").replace(owners, `${owners}    owner: Type.Optional(Id),\n`);
    const project = new Project({ "schema/api.ts": text });
    const error = await generate({ cwd: project.folder }).catch((thrown: unknown) => thrown);
    if (!(error instanceof SchemaProblem)) throw error;
    expect(block(PAGE, "schema/api.ts:").trim()).toBe(error.message);
  });

  test.each(["1.0.0", "1.1.0", "2.0.0"])("version %s has no findings of lint", async (version) => {
    const project = new Project({ "schema/api.ts": schemaOf(version) });
    expect(await sshrpc(["lint"], { cwd: project.folder })).toEqual({ status: 0, stdout: "no findings\n", stderr: "" });
  });
});

test("diff prints what docs/evolution.md shows of the versions of the story", async () => {
  const project = new Project({ "old.ts": schemaOf("1.0.0"), "schema/api.ts": schemaOf("2.0.0") });
  const { status, stdout } = await sshrpc(["diff", "old.ts"], { cwd: project.folder });
  const [, , ...shown] = block(PAGE, "git:main (tasks").trimEnd().split("\n");
  expect(stdout).toContain(shown.join("\n"));
  expect(status).toBe(1);
  const grown = await sshrpc(["diff", "old.ts", "new.ts"], { cwd: withNew(project).folder });
  expect(grown.status).toBe(0);
});

/** With version 1.1.0, which breaks nothing. */
function withNew(project: Project): Project {
  project.write("new.ts", schemaOf("1.1.0"));
  return project;
}

test("docs/evolution.md has every rule with its level and title", () => {
  const rows = [...readPage(PAGE).matchAll(/^\| `([a-z-]+)` \| (\w+) \| (.*) \|$/gm)].map(([, id, level, title]) => ({
    id,
    level,
    title,
  }));
  expect(rows).toEqual(RULES.map(({ id, level, title }) => ({ id, level, title })));
});

test("the config and the rules that docs/evolution.md names exist", async () => {
  const config = block(PAGE, '{\n  "lint"');
  const project = new Project({ "schema/api.ts": schemaOf("1.0.0"), "sshrpc.config.json": config });
  expect((await sshrpc(["lint"], { cwd: project.folder })).stderr).toBe("");
  const [, rule = ""] = /`npx sshrpc explain ([a-z-]+)`/.exec(readPage(PAGE)) ?? [];
  expect((await sshrpc(["explain", rule], { cwd: ROOT })).status).toBe(0);
});

/** A repository in which these versions of the story are committed with their generated code, and tagged; its files are those of the last. */
async function repository(...versions: readonly string[]): Promise<Project> {
  const project = new Project({ "package.json": '{ "type": "module" }', ".gitignore": "node_modules\n" });
  const git = (...args: readonly string[]) =>
    run("git", ["-C", project.folder, "-c", "user.name=a", "-c", "user.email=a@example.com", ...args]);
  await git("init", "--quiet", "--initial-branch", "main");
  for (const version of versions) {
    project.write("schema/api.ts", schemaOf(version));
    await generate({ cwd: project.folder });
    await git("add", "--all");
    await git("commit", "--quiet", "--message", version);
    await git("tag", `v${version}`);
  }
  return project;
}

test.each([
  ["git:v1.0.0", ["1.0.0"], "1.1.0", 0],
  ["git:v1.1.0", ["1.0.0", "1.1.0"], "2.0.0", 1],
] as const)("sshrpc diff %s prints what the story shows", async (old, committed, version, status) => {
  const project = await repository(...committed);
  project.write("schema/api.ts", schemaOf(version));
  const [shown] = typed(block(PAGE, `$ npx sshrpc diff ${old}`));
  const [, , ...args] = shown?.command.split(" ") ?? [];
  expect(await sshrpc(args, { cwd: project.folder })).toEqual({ status, stdout: shown?.printed, stderr: "" });
});

/** The rules behind each row of the table of changes, by the beginning of the row. */
const ROWS: Readonly<Record<string, readonly RuleId[]>> = {
  "add a method or a resource": ["method-added"],
  "add a required property": ["required-property-added"],
  "add an optional property": ["optional-property-added"],
  "remove a required property": ["required-property-removed"],
  "remove an optional property": ["optional-property-removed"],
  "required → optional": ["property-now-optional"],
  "optional → required": ["property-now-required"],
  "integer → number": ["integer-to-number", "null-added", "union-member-added", "enum-value-added", "bound-loosened"],
  "number → integer": ["number-to-integer", "union-member-removed", "enum-value-removed", "bound-tightened"],
  "change a pattern": ["pattern-changed", "format-changed", "discriminator-changed"],
  "change a `default`": ["default-changed"],
  "rename a property": ["property-renamed", "reserved-name-reused"],
  "remove a method": ["method-removed"],
  "change the kind of a method": ["kind-changed"],
  "no longer `idempotent`": ["idempotency-lost"],
  "now `idempotent`": ["idempotency-gained"],
  "no longer `onInterrupt": ["rerun-lost"],
  "now `onInterrupt": ["rerun-gained"],
  "add a status": ["error-status-added"],
  "remove a status": ["error-status-removed"],
  "tighten a `scope`": ["scope-added", "scope-changed"],
  "lower a timeout": ["timeout-lowered"],
  "change a title": ["documentation-changed", "type-renamed"],
};

const ORDERS: Readonly<Record<string, string>> = {
  "server first": "server first",
  "client first": "client first",
  "in steps": "together",
  "any order": "any",
};

test("the table of changes agrees with the rules of diff", () => {
  const page = readPage(PAGE);
  const table = page.slice(page.indexOf("| change | in a request |"), page.indexOf("A change that breaks"));
  const rows = [...table.matchAll(/^\| (.*) \| (.*) \| (.*) \|$/gm)].slice(1);
  expect(rows.map(([, change = ""]) => Object.keys(ROWS).filter((start) => change.startsWith(start)).length)).toEqual(
    Object.keys(ROWS).map(() => 1),
  );
  for (const [, change = "", request = "", response = ""] of rows) {
    const [, ids = []] = Object.entries(ROWS).find(([start]) => change.startsWith(start)) ?? [];
    for (const rule of ids.map(ruleOf)) {
      expectCell(request, rule.request ?? rule.method, change);
      expectCell(response, rule.response, change);
    }
  }
});

/** A cell says "breaks" where the rule does, and the order if it names one. */
function expectCell(cell: string, judgement: Judgement | undefined, change: string): void {
  if (judgement === undefined) {
    expect(cell, change).toBe("–");
    return;
  }
  const [verdict, order] = judgement;
  expect(/\bbreaks\b/.test(cell), `${change}: ${cell}`).toBe(verdict === "breaking");
  const named = Object.keys(ORDERS).filter((words) => cell.includes(words));
  if (named.length > 0)
    expect(
      named.map((words) => ORDERS[words]),
      `${change}: ${cell}`,
    ).toEqual([order]);
}
