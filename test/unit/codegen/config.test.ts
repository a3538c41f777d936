import { expect, test } from "vitest";
import { sshrpc } from "../runtime/cli/run.js";
import { Project, schemaOf } from "./project.js";

const SCHEMA = schemaOf("hello: { GET: { response: Type.String() } }");

test("paths in a config file are relative to it, and all its options apply", async () => {
  const project = new Project({
    "b/api.ts": SCHEMA,
    "deep/other.json": '{ "schema": "../b/api.ts", "out": "gen", "declarationMap": false }',
  });
  expect(await sshrpc(["gen", "--config", "deep/other.json"], { cwd: project.folder })).toMatchObject({ status: 0 });
  expect(project.list("deep/gen")).toContain("client.d.ts");
  expect(project.list("deep/gen")).not.toContain("client.d.ts.map");
});

test("--config requires its file", async () => {
  const { folder } = new Project({});
  const { status, stderr } = await sshrpc(["gen", "--config", "other.json"], { cwd: folder });
  expect([status, stderr]).toEqual([2, expect.stringContaining("--config other.json: no such file")]);
});

test.each([
  ['{ "shema": "a" }', 'unknown option "shema"; known options: schema, out, declarationMap, lint'],
  ['{ "declarationMap": "no" }', '"declarationMap" must be true or false'],
  ['{ "out": 5 }', '"out" must be a path'],
  ["[]", "expected an object"],
  ["{", "invalid JSON: "],
])("a config file with %s is refused", async (text, message) => {
  const { folder } = new Project({ "sshrpc.config.json": text });
  const { status, stderr } = await sshrpc(["gen"], { cwd: folder });
  expect([status, stderr]).toEqual([2, expect.stringContaining(`sshrpc.config.json: ${message}`)]);
});
