import { createRequire } from "node:module";
import { join } from "node:path";
import { addCommands } from "@sshrpc/codegen/cli";
import { expect, test } from "vitest";
import { sshrpc } from "../runtime/cli/run.js";
import { Project, schemaOf } from "./project.js";

const SCHEMA = schemaOf("hello: { GET: { response: Type.String() } }");

type Program = Parameters<typeof addCommands>[0];
// commander is a dependency of the package alone.
const requireOfCodegen = createRequire(new URL("../../../codegen/package.json", import.meta.url));
const { Command } = requireOfCodegen("commander") as { readonly Command: new () => Program };

/** Runs `sshrpc gen` with a config file that is refused, in this process. */
function gen(...args: readonly string[]): Promise<unknown> {
  const program: Program = new Command().exitOverride();
  addCommands(program);
  return program.parseAsync(["gen", ...args], { from: "user" });
}

test("paths in a config file are relative to it, and all its options apply", async () => {
  const project = new Project({
    "b/api.ts": SCHEMA,
    "deep/other.json": '{ "schema": "../b/api.ts", "out": "gen", "importExtension": "ts" }',
  });
  expect(await sshrpc(["gen", "--config", "deep/other.json"], { cwd: project.folder })).toMatchObject({ status: 0 });
  expect(project.read("deep/gen/client.ts")).toContain('from "./api.ts"');
});

test("--config requires its file", async () => {
  const path = join(new Project({}).folder, "other.json");
  await expect(gen("--config", path)).rejects.toThrow(`--config ${path}: no such file`);
});

test.each([
  ['{ "shema": "a" }', 'unknown option "shema"; known options: schema, out, importExtension'],
  ['{ "importExtension": "mjs" }', 'invalid "importExtension" "mjs"; use one of js, ts, none'],
  ['{ "out": 5 }', '"out" must be a path'],
  ["[]", "expected an object"],
  ["{", "invalid JSON: "],
])("a config file with %s is refused", async (text, message) => {
  const path = join(new Project({ "sshrpc.config.json": text }).folder, "sshrpc.config.json");
  await expect(gen("--config", path)).rejects.toThrow(`sshrpc.config.json: ${message}`);
});
