import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { run } from "../../../interop/run.js";
import { tempDir, write } from "../ssh/support.js";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** An installation of the runtime, and of the code generator with this module for its commands, where there is one. */
function install(codegen?: string): string {
  const modules = join(tempDir(), "node_modules");
  for (const part of ["bin", "dist", "package.json"]) {
    cpSync(join(ROOT, "runtime", part), join(modules, "sshrpc", part), { recursive: true });
  }
  for (const name of ["commander", "ms"]) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  if (codegen !== undefined) {
    const directory = join(modules, "@sshrpc/codegen");
    mkdirSync(directory, { recursive: true });
    write(directory, "package.json", JSON.stringify({ type: "module", exports: { "./cli": "./cli.js" } }));
    write(directory, "cli.js", codegen);
  }
  return join(modules, "sshrpc/bin/sshrpc.js");
}

test("without the code generator, its commands name the package to install", async () => {
  expect(await run(process.execPath, [install(), "gen"])).toEqual({
    status: 1,
    stdout: "",
    stderr: "sshrpc: this command requires @sshrpc/codegen: npm install --save-dev @sshrpc/codegen\n",
  });
});

test("a missing dependency of the code generator is named", async () => {
  const outcome = await run(process.execPath, [install('import "a-compiler";'), "gen"]);
  expect(outcome).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("sshrpc: Cannot find package 'a-compiler'"),
  });
});
