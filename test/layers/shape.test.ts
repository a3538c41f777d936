import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { folderCycles, readTree, unusedExports } from "../../scripts/tree.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const runtime = readTree("runtime");
const codegen = readTree("codegen");

test("no folders import each other, also not by way of others", () => {
  expect([...folderCycles(runtime), ...folderCycles(codegen)]).toEqual([]);
});

test("a cycle of folders of any length is found, as one group", () => {
  const imports = [
    ["a/x.ts", "b/x.ts"],
    ["b/y.ts", "c/x.ts"],
    ["c/x.ts", "a/y.ts"],
    ["c/x.ts", "d/x.ts"],
    ["d/x.ts", "d/y.ts"],
  ].map(([from, to]) => ({ from, to }));
  expect(folderCycles({ imports })).toEqual(["a <-> b <-> c"]);
});

test("every exported name is imported by another file, or passed on by a public entry", () => {
  expect(unusedExports([runtime, codegen])).toEqual([]);
});

test.each([
  "ARCHITECTURE.md",
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "PROTOCOL.md",
  "examples/README.md",
  ...readdirSync(`${ROOT}docs`, "utf8")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
])("every file that %s links to exists", (document) => {
  const text = readFileSync(`${ROOT}${document}`, "utf8");
  const folder = document.includes("/") ? `${ROOT}${document.replace(/[^/]+$/, "")}` : ROOT;
  const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
    ([, path]) => path as string,
  );
  expect(links.filter((path) => !existsSync(folder + path))).toEqual([]);
});
