import { fileURLToPath } from "node:url";
import { generate, SchemaProblem } from "@sshrpc/codegen";
import { RULES } from "@sshrpc/codegen/lint";
import { RpcError } from "sshrpc/client";
import { inMemory } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { Project } from "../unit/codegen/project.js";
import { sshrpc } from "../unit/runtime/cli/run.js";
import { block, readPage } from "./pages.js";

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
