import { pathToFileURL } from "node:url";
import { generate } from "@sshrpc/codegen";
import type { Contract } from "sshrpc/contract";
import type { Api } from "sshrpc/generated";
import type { sharedProject } from "../project.js";

/** A generated version of a project. */
export interface Version {
  readonly api: Api;
  readonly contract: Contract;
}

/** Generates a version in a folder of its own, as two releases of a project are. @param members the text of `resources`, and what follows */
export async function buildVersion(
  project: ReturnType<typeof sharedProject>,
  side: "old" | "new",
  { head = "", members }: { readonly head?: string; readonly members: string },
): Promise<Version> {
  const imports = 'import Type from "typebox";\nimport { Bytes, defineApi } from "sshrpc/schema";\n';
  const version = side === "old" ? "1.0.0" : "2.0.0";
  const api = `export default defineApi({ name: "rows", version: "${version}", ${members} });\n`;
  project.write(`${side}/schema/api.ts`, `${imports}${head}${api}`);
  await generate({ cwd: `${project.folder}/${side}` });
  const url = pathToFileURL(`${project.folder}/${side}/generated/`).href;
  const generated = (await import(/* @vite-ignore */ `${url}api.js`)) as { api: Api };
  const { contract } = (await import(/* @vite-ignore */ `${url}contract.js`)) as { contract: Contract };
  return { api: generated.api, contract };
}
