import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { generate } from "@sshrpc/codegen";
import type { Contract } from "sshrpc/contract";
import type { Api } from "sshrpc/generated";
import type { sharedProject } from "../project.js";

const run = promisify(execFile);

/** A packed version of a project. */
export interface Version {
  readonly api: Api;
  readonly contract: Contract;
}

/** Generates a version and packs it, as a release of a project is, and loads it from where the package is unpacked. @param members the text of `resources`, and what follows */
export async function buildVersion(
  project: ReturnType<typeof sharedProject>,
  side: "old" | "new",
  { head = "", members }: { readonly head?: string; readonly members: string },
): Promise<Version> {
  const imports = 'import Type from "typebox";\nimport { Bytes, defineApi } from "sshrpc/schema";\n';
  const version = side === "old" ? "1.0.0" : "2.0.0";
  const api = `export default defineApi({ name: "rows", version: "${version}", ${members} });\n`;
  project.write(`${side}/schema/api.ts`, `${imports}${head}${api}`);
  const folder = `${project.folder}/${side}`;
  await generate({ cwd: folder });
  const manifest = { name: "rows", version, type: "module", files: ["generated"], exports: { "./*": "./generated/*" } };
  project.write(`${side}/package.json`, JSON.stringify(manifest));
  await run("npm", ["pack", "--silent", "--offline"], { cwd: folder });
  await run("tar", ["-xzf", `rows-${version}.tgz`], { cwd: folder });
  const url = pathToFileURL(`${folder}/package/generated/`).href;
  const generated = (await import(/* @vite-ignore */ `${url}api.js`)) as { api: Api };
  const { contract } = (await import(/* @vite-ignore */ `${url}contract.js`)) as { contract: Contract };
  return { api: generated.api, contract };
}
