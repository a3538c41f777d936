import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CallExpression, Node, Project, SyntaxKind } from "ts-morph";
import { expect, test } from "vitest";
import { filesBelow } from "./sources.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The folders that hold source files. */
const FOLDERS = ["runtime/src", "codegen/src", "test", "bench", "examples", "schema", "scripts"];

const GENERATES = /^generateKeyPair(Sync)?$/;

/** Every call of node:crypto's key generation. */
function generations(project: Project): CallExpression[] {
  return project.getSourceFiles().flatMap((file) => {
    const crypto = file.getImportDeclarations().filter((one) => /^(node:)?crypto$/.test(one.getModuleSpecifierValue()));
    const names = new Set(crypto.flatMap((one) => one.getNamedImports().map((name) => name.getName())));
    return file.getDescendantsOfKind(SyntaxKind.CallExpression).filter((call) => {
      const called = call.getExpression();
      const name = Node.isPropertyAccessExpression(called) ? called.getName() : called.getText();
      return GENERATES.test(name) && (Node.isPropertyAccessExpression(called) || names.has(name));
    });
  });
}

/** `file:line` */
function place(call: CallExpression): string {
  return `${call.getSourceFile().getFilePath().replace(ROOT, "")}:${call.getStartLineNumber()}`;
}

const encodesBoth = (call: CallExpression) =>
  ["privateKeyEncoding", "publicKeyEncoding"].every((option) => call.getText().includes(option));

const project = new Project({ compilerOptions: { allowJs: true }, skipFileDependencyResolution: true });
const files = FOLDERS.flatMap((folder) => [...filesBelow(folder, ".ts"), ...filesBelow(folder, ".js")])
  .filter((file) => !file.includes("node_modules/"))
  .map((file) => `${ROOT}${file}`);
// Other files need no parser.
project.addSourceFilesAtPaths(files.filter((file) => readFileSync(file, "utf8").includes("generateKeyPair")));
const calls = generations(project);

test("every key pair is encoded while it is generated: exporting its key objects can deadlock Node 20", () => {
  expect(calls.filter((call) => !encodesBoth(call)).map(place)).toEqual([]);
});

test("no test generates keys with node:crypto: test/fixtures/keys.ts has keys of every type", () => {
  expect(calls.map(place).filter((one) => one.startsWith("test/"))).toEqual([]);
});
