import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { AGENT, VERSION } from "../../../../runtime/src/base/version.js";

test("the version is that of package.json, and HELLO announces it", () => {
  const { name, version } = JSON.parse(readFileSync("runtime/package.json", "utf8"));
  expect(VERSION).toBe(version);
  expect(AGENT).toBe(`${name}/${version}`);
});
