import { expect, test } from "vitest";
import { readConfig } from "../../../codegen/src/config.js";
import { Project } from "./project.js";

test("a config file need not exist, unless it is named", () => {
  const { folder } = new Project({});
  expect(readConfig(undefined, folder)).toEqual({});
  expect(() => readConfig("other.json", folder)).toThrow("other.json: there is no such file (--config)");
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
  ['{ "shema": "a" }', '"shema" is no option; it may have schema, out, importExtension'],
  ['{ "importExtension": "mjs" }', '"importExtension" is "mjs"; give js, ts, none'],
  ['{ "out": 5 }', '"out" must be a path'],
  ["[]", "it must hold an object"],
  ["{", "it is no JSON: "],
])("a config file that says %s is refused", (text, message) => {
  const { folder } = new Project({ "sshrpc.config.json": text });
  expect(() => readConfig(undefined, folder)).toThrow(`sshrpc.config.json: ${message}`);
});
