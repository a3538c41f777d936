import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sshrpc } from "../../runtime/cli/run.js";
import { Project, schemaOf } from "../project.js";

const CONTRACT = {
  sshrpc: 1,
  name: "test",
  version: "1.0.0",
  hash: "",
  types: { Note: { type: "object", properties: { text: { type: "string" } } } },
  resources: {
    a: {
      path: "/a",
      methods: {
        GET: { kind: "unary", idempotent: true, request: { type: "object" }, response: { $ref: "#/types/Note" } },
      },
    },
    b: { path: "/b", methods: { GET: { kind: "unary", idempotent: true, request: {}, response: {} } } },
  },
};

test("annotations have paths relative to the root of the repository", async () => {
  const project = new Project({
    "packages/api/schema/api.ts": schemaOf("a: { GET: { response: Type.String() } }"),
    "packages/api/old.ts": schemaOf("a: { GET: { response: Type.Integer() } }"),
    "packages/api/broken.ts": schemaOf("a: 5"),
  });
  const cwd = join(project.folder, "packages/api");
  const annotated = async (...args: readonly string[]): Promise<unknown> =>
    (await sshrpc([...args, "--ci"], { cwd })).stderr.match(/(?<=^::\w+ ).*(?=title=)/m)?.[0];
  expect(await annotated("diff", "old.ts")).toBe("file=schema/api.ts,line=7,col=17,");
  // A worktree has a file in the place of the folder.
  project.write(".git", "gitdir: elsewhere\n");
  const file = "file=packages/api/schema/api.ts,line=7,";
  expect(await annotated("diff", "old.ts")).toBe(`${file}col=17,`);
  expect(await annotated("lint")).toMatch(file);
  expect(await annotated("gen", "--schema", "broken.ts")).toBe("file=packages/api/broken.ts,line=7,col=5,");
  mkdirSync(join(project.folder, "links"));
  symlinkSync(cwd, join(project.folder, "links/api"));
  const { stderr } = await sshrpc(["diff", "old.ts", "--ci"], { cwd: join(project.folder, "links/api") });
  expect(stderr).toContain(`${file}col=17,`);
});

test("changes of an api.json have the lines of its methods and types", async () => {
  const { a } = CONTRACT.resources;
  const changed = {
    ...CONTRACT,
    types: { Note: { type: "object", properties: { text: { type: "integer" } } } },
    resources: { a: { ...a, methods: { GET: { ...a.methods.GET, request: { type: "string" }, scope: "a:b" } } } },
  };
  const text = JSON.stringify(changed, undefined, 2);
  const project = new Project({ "old.json": JSON.stringify(CONTRACT), "generated/api.json": `\ufeff${text}` });
  const { stdout } = await sshrpc(["diff", "old.json", "generated/api.json", "--json"], { cwd: project.folder });
  const { changes } = JSON.parse(stdout) as { readonly changes: readonly { rule: string; at: { line: number } }[] };
  const lines = text.split("\n");
  const placed = changes.map(({ rule, at }) => [rule, lines[at.line - 1]?.trim()]);
  expect(placed).toEqual([
    ["method-removed", '"resources": {'],
    ["scope-added", '"GET": {'],
    ["type-changed", '"request": {'],
    ["type-changed", '"text": {'],
  ]);
});
