import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { generate } from "../../codegen/src/index.js";
import { type Block, blocksOf, exampleFiles, PAGES } from "./pages.js";

const run = promisify(execFile);
const HERE = fileURLToPath(new URL(".", import.meta.url));
const TSC = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));

/** Names that snippets use and do not declare: an open client, and functions of the reader's program. */
const NAMES = `import type { Logger } from "sshrpc/server";
import type { NotesClient } from "./generated/client.js";

declare global {
  var client: NotesClient;
  var log: Logger;
  function ask(text: string): Promise<string>;
  function check(user: string, secret: string): Promise<boolean>;
  function record(...values: unknown[]): void;
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
}
`;

/** The files of the example have blocks of their own, and so do the additions to them. */
const isExample = ({ text }: Block): boolean => /^\/\/ (schema\/api|handlers|client)\.ts/.test(text);

/** A snippet as a module. A comment such as `note: { id: number }` is checked against the type of that name. */
function moduleOf({ text }: Block): string {
  const claims = [...text.matchAll(/\/\/ .*?\b(\w+): (\{.*\})$/gm)].map(
    ([, name, type]) => `true satisfies Same<{ [K in keyof typeof ${name}]: (typeof ${name})[K] }, ${type}>;`,
  );
  return [text, ...claims, "export {};", ""].join("\n");
}

test("every TypeScript snippet compiles against the example's generated code, and has the types that its comments name", async () => {
  const folder = mkdtempSync(join(HERE, ".tmp-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "schema"));
  for (const [file, text] of Object.entries(exampleFiles({ streams: true }))) writeFileSync(join(folder, file), text);
  await generate({ cwd: folder });
  const snippets = PAGES.flatMap(blocksOf).filter((block) => block.language === "ts" && !isExample(block));
  expect(snippets.length).toBeGreaterThan(15);
  for (const block of snippets) {
    // The imports of a file of a folder are relative to it.
    const [, parent = "."] = /^\/\/ (\w+)\/\S+\.ts/.exec(block.text) ?? [];
    const name = `${parent}/${block.page.replaceAll("/", "-")}-line-${block.line}.ts`;
    mkdirSync(join(folder, parent), { recursive: true });
    writeFileSync(join(folder, name), moduleOf(block));
  }
  writeFileSync(join(folder, "names.d.ts"), NAMES);
  const compilerOptions = {
    ...{ strict: true, module: "nodenext", target: "es2023", types: ["node"], noEmit: true, skipLibCheck: true },
    lib: ["es2023", "esnext.disposable"],
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["*.ts", "*/*.ts"], exclude: ["generated"] }),
  );
  const { stdout } = await run(TSC, ["-p", folder], { cwd: folder }).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
});
