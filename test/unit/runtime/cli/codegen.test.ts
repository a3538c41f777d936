import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readCommands } from "../../../../scripts/docs/commands.js";
import { run } from "../../../interop/run.js";
import { tempDir, write } from "../ssh/support.js";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** A dependency of the runtime, in its own folder or in that of all packages. */
const dependency = (name: string): string =>
  [join(ROOT, "runtime/node_modules", name), join(ROOT, "node_modules", name)].find(existsSync) ?? name;

/** An installation of the runtime, and of the code generator with this module for its commands, where there is one. */
function install(codegen?: string): string {
  const modules = join(tempDir(), "node_modules");
  for (const part of ["bin", "dist", "package.json"]) {
    cpSync(join(ROOT, "runtime", part), join(modules, "sshrpc", part), { recursive: true });
  }
  for (const name of ["commander", "ms"]) symlinkSync(dependency(name), join(modules, name));
  if (codegen !== undefined) {
    const directory = join(modules, "@sshrpc/codegen");
    mkdirSync(directory, { recursive: true });
    write(directory, "package.json", JSON.stringify({ type: "module", exports: { "./cli": "./cli.js" } }));
    write(directory, "cli.js", codegen);
  }
  return join(modules, "sshrpc/bin/sshrpc.js");
}

/** A production installation: the runtime with its dependencies. */
function installProduction(): { readonly bin: string; readonly folder: string } {
  const bin = install();
  const modules = join(bin, "../../..");
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "runtime/package.json"), "utf8")) as {
    dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(join(modules, name, ".."), { recursive: true });
    if (!existsSync(join(modules, name))) symlinkSync(dependency(name), join(modules, name));
  }
  return { bin, folder: join(modules, "..") };
}

test("a production installation reads a config file with options of the code generator, and names jiti for TypeScript", async () => {
  const { bin, folder } = installProduction();
  const commands = (await readCommands()).filter(({ name }) => ["gen", "dev", "lint", "diff"].includes(name));
  const content = Object.fromEntries(
    commands.flatMap(({ flags, others }) => [...flags, ...others].flatMap(({ key }) => (key ? [[key, "x"]] : []))),
  );
  expect(Object.keys(content)).toContain("declarationMap");
  const show = async (more: object) => {
    const file = write(folder, "server.json", JSON.stringify({ ...content, ...more }));
    return run(process.execPath, [bin, "config", "serve", "--config", file], "", { NODE_OPTIONS: "" });
  };
  // "rules" and "ignore" are for the section of lint.
  expect(await show({ json: true, handlers: "x" })).toMatchObject({ status: 0, stderr: "" });
  expect((await show({ shema: "x" })).stderr).toMatch(/shema: unknown option \(did you mean "schema"\?\)/);
  const file = write(folder, "sshrpc.config.ts", "export default {};");
  const outcome = await run(process.execPath, [bin, "serve", "--config", file], "", { NODE_OPTIONS: "" });
  expect(outcome).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      /config files require jiti: npm install --save-dev jiti; or compile them and name the \.js/,
    ),
  });
});

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
