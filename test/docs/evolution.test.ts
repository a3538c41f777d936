import { fileURLToPath } from "node:url";
import { RpcError } from "sshrpc/client";
import { inMemory } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { SchemaProblem } from "../../codegen/src/base/problem.js";
import { RULES, type RuleId, ruleOf } from "../../codegen/src/diff/rules/rules.js";
import { generate } from "../../codegen/src/index.js";
import { ALL_RULES } from "../../codegen/src/lint/rules.js";
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

describe("sshrpc diff prints what docs/evolution.md shows", () => {
  test.each([
    ["git:main", ["1.0.0"], "1.0.0", 0],
    ["git:v1.0.0", ["1.0.0"], "1.1.0", 0],
    ["git:v1.1.0", ["1.0.0", "1.1.0"], "2.0.0", 1],
  ] as const)("against %s", async (old, committed, version, status) => {
    const project = await repository(...committed);
    project.write("schema/api.ts", schemaOf(version));
    const [typedCommand] = typed(block(PAGE, `$ npx sshrpc diff ${old}`));
    const [, ...args] = typedCommand?.command.split(" ").slice(1) ?? [];
    const printed = await sshrpc(args, { cwd: project.folder });
    expect(printed).toEqual({ status, stdout: typedCommand?.printed, stderr: "" });
  });
});

/** What a cell of the table says. */
function judgementOf(cell: string): readonly string[] {
  const verdict = /\bbreaks\b/.test(cell) ? "breaking" : /only the source/.test(cell) ? "source-only" : "compatible";
  const orders = Object.entries({ "in steps": "together", "any order": "any" }).map(([words, order]) => [words, order]);
  const named = [["server first", "server first"], ["client first", "client first"], ...orders];
  return [verdict, ...named.flatMap(([words = "", order = ""]) => (cell.includes(words) ? [order] : []))];
}

test("the table of docs/evolution.md has every rule of diff, with its verdicts and orders", () => {
  const rows = [...readPage(PAGE).matchAll(/^\| (.*) \| (.*) \| (.*) \| (`[a-z-]+`(?:, `[a-z-]+`)*) \|$/gm)];
  const told = rows.flatMap(([, change, request = "", response = "", ids = ""]) =>
    [...ids.matchAll(/`([a-z-]+)`/g)].map(([, id = ""]) => ({ change, id, request, response })),
  );
  expect(told.map(({ id }) => id).sort()).toEqual(Object.keys(RULES).sort());
  for (const { change, id, request, response } of told) {
    const rule = ruleOf(id as RuleId);
    for (const judgement of [rule.request, rule.method])
      if (judgement !== undefined) expect(judgementOf(request), `${change}: ${id}`).toEqual(judgement);
    if (rule.response !== undefined) expect(judgementOf(response), `${change}: ${id}`).toEqual(rule.response);
  }
  for (const [, change, ...cells] of rows) {
    const ids = told.filter((one) => one.change === change).map(({ id }) => ruleOf(id as RuleId));
    expect(cells[0] === "–", change).toBe(ids.every(({ request, method }) => (request ?? method) === undefined));
    expect(cells[1] === "–", change).toBe(ids.every(({ response }) => response === undefined));
  }
});

test("docs/evolution.md has every rule with its level and title", () => {
  const rows = [...readPage(PAGE).matchAll(/^\| `([a-z-]+)` \| (\w+) \| (.*) \|$/gm)].map(([, id, level, title]) => ({
    id,
    level,
    title,
  }));
  expect(rows).toEqual(ALL_RULES.map(({ id, level, title }) => ({ id, level, title })));
});

test("the config and the rules that docs/evolution.md names exist", async () => {
  const config = block(PAGE, '{\n  "lint"');
  const project = new Project({ "schema/api.ts": schemaOf("1.0.0"), "sshrpc.config.json": config });
  expect((await sshrpc(["lint"], { cwd: project.folder })).stderr).toBe("");
  const [, rule = ""] = /`npx sshrpc explain ([a-z-]+)`/.exec(readPage(PAGE)) ?? [];
  expect((await sshrpc(["explain", rule], { cwd: ROOT })).status).toBe(0);
});
