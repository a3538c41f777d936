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
  ['{ "shema": "a" }', ':1:3: shema: unknown option (did you mean "schema"?)'],
  ['{ "declarationMap": "no" }', ":1:3: declarationMap: invalid type string; it takes true or false"],
  ['{ "out": 5 }', ":1:3: out: invalid type number; it takes a path"],
  ["[]", ": invalid type array; it takes an object"],
  ["{", ": invalid JSON at line 1, column 2: unexpected end of input"],
])("a config file with %s is refused", async (text, message) => {
  const { folder } = new Project({ "sshrpc.config.json": text });
  const { status, stderr } = await sshrpc(["gen"], { cwd: folder });
  expect([status, stderr]).toEqual([2, expect.stringContaining(`sshrpc.config.json${message}`)]);
});
