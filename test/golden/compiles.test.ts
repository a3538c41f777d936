import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { generate } from "@sshrpc/codegen";
import { expect, onTestFinished, test } from "vitest";
import { IS_FULL } from "../rounds.js";

const run = promisify(execFile);
const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const USES = fileURLToPath(new URL("uses", import.meta.url));
const CASES = fileURLToPath(new URL("cases", import.meta.url));

/** A folder inside this one, so that imports resolve to the repository's node_modules. */
function folderHere(): string {
  const folder = mkdtempSync(join(REPOSITORY, "test", "golden", ".tmp-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a TypeScript compiler over the `.ts` files of folders, and returns its errors. */
async function complaintsOf(compiler: string, folders: readonly string[], options: object = {}): Promise<string> {
  const folder = folderHere();
  const config = {
    compilerOptions: {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      isolatedModules: true,
      target: "es2023",
      lib: ["es2023", "esnext.disposable"],
      module: "nodenext",
      types: ["node"],
      ...options,
    },
    include: folders.map((one) => join(one, "**", "*.ts")),
    exclude: ["**/node_modules"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  try {
    await run(process.execPath, [join(REPOSITORY, "node_modules", compiler, "bin", "tsc"), "-p", folder], {
      timeout: 120_000,
    });
    return "";
  } catch (error) {
    return String((error as { readonly stdout?: string }).stdout ?? error);
  }
}

test.each(["typescript-5", "typescript-6", "typescript"])(
  "%s accepts all generated code, and what uses it, strictly",
  { timeout: 120_000 },
  async (compiler) => {
    const folders = readdirSync(CASES).map((name) => join(CASES, name, "generated"));
    // The declarations of libraries, our own among them, take half of the time: in short runs only the newest checks them.
    const options = { skipLibCheck: compiler !== "typescript" && !IS_FULL };
    expect(await complaintsOf(compiler, [...folders, USES], options)).toBe("");
  },
);

test("a method that is added to the schema is a compile error in handlers without it", {
  timeout: 120_000,
}, async () => {
  const folder = folderHere();
  const schema = (verbs: string) => `
    import { defineApi } from "sshrpc/schema";
    import Type from "typebox";
    export default defineApi({ name: "test", version: "1.0.0", resources: { note: { ${verbs} } } });`;
  const get = "GET: { response: Type.String() }";
  writeFileSync(join(folder, "api.ts"), schema(get));
  writeFileSync(
    join(folder, "handlers.ts"),
    'import { defineHandlers } from "./generated/server.js";\nexport default defineHandlers({ note: { get: () => "hi" } });\n',
  );
  await generate({ cwd: folder, schema: "api.ts" });
  // The declarations of libraries are checked above.
  const options = { skipLibCheck: true };
  expect(await complaintsOf("typescript", [folder], options)).toBe("");
  writeFileSync(join(folder, "api.ts"), schema(`${get}, DELETE: { response: Type.Null() }`));
  await generate({ cwd: folder, schema: "api.ts" });
  expect(await complaintsOf("typescript", [folder], options)).toMatch(
    /handlers\.ts\(2,\d+\): error TS2741: Property 'delete' is missing/,
  );
});
