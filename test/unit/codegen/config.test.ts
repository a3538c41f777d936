import { expect, test } from "vitest";
import { readConfig } from "../../../codegen/src/config.js";
import { Project } from "./project.js";

test("the default config file is optional, and --config requires its file", () => {
  const { folder } = new Project({});
  expect(readConfig(undefined, folder)).toEqual({});
  expect(() => readConfig("other.json", folder)).toThrow("--config other.json: no such file");
});

test("paths in a config file are relative to the file", () => {
  const { folder } = new Project({
    "sshrpc.config.json": '{ "schema": "a/api.ts" }',
    "deep/other.json": '{ "schema": "../b/api.ts", "out": "gen", "importExtension": "ts" }',
  });
  expect(readConfig(undefined, folder)).toEqual({ schema: "a/api.ts" });
  expect(readConfig("deep/other.json", folder)).toEqual({ schema: "b/api.ts", out: "deep/gen", importExtension: "ts" });
});

test.each([
  ['{ "shema": "a" }', 'unknown option "shema"; known options: schema, out, importExtension'],
  ['{ "importExtension": "mjs" }', 'invalid "importExtension" "mjs"; use one of js, ts, none'],
  ['{ "out": 5 }', '"out" must be a path'],
  ["[]", "expected an object"],
  ["{", "invalid JSON: "],
])("a config file with %s is refused", (text, message) => {
  const { folder } = new Project({ "sshrpc.config.json": text });
  expect(() => readConfig(undefined, folder)).toThrow(`sshrpc.config.json: ${message}`);
});
