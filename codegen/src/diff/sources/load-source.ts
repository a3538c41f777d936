import { existsSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { displayPath } from "../../base/display-path.js";
import { errorMessage } from "../../base/error-message.js";
import { InvalidOptionsError } from "../../base/invalid-options-error.js";
import { projectOptions } from "../../config.js";
import { contractOf } from "../../emit/contract/contract-of.js";
import { resolveOptions } from "../../options.js";
import { parseContract } from "../compare/parse-contract.js";
import { gitSource } from "./git-source.js";
import { loadModel } from "./load-model.js";
import { serverSource } from "./server-source.js";
import type { Source, SourceOptions } from "./source.js";

/**
 * Loads a contract: of an `api.json`, a schema, a folder with one of these, a commit (`git:REF[:path]`) or a server (`ssh://host`).
 * @param label undefined for the schema of the project
 * @throws InvalidOptionsError, SchemaProblem
 */
export async function loadSource(label: string | undefined, options: SourceOptions): Promise<Source> {
  if (label === undefined) return schemaSource(relative(options.cwd, options.schema), options.schema, options);
  // An unset variable of a script must not compare the project with itself.
  if (label.trim() === "") throw new InvalidOptionsError("an empty argument; name a contract, such as git:origin/main");
  if (label.startsWith("git:")) return gitSource(label, options);
  if (label.startsWith("ssh://")) return serverSource(label, options.server);
  const path = resolve(options.cwd, label);
  if (!existsSync(path)) throw new InvalidOptionsError(`${label}: no such file; for a commit use git:${label}`);
  const file = statSync(path).isDirectory() ? await findInFolder(path, label) : path;
  return file.endsWith(".json") ? fileSource(label, file, options) : schemaSource(label, file, options);
}

async function schemaSource(label: string, file: string, { cwd, loadTimeout }: SourceOptions): Promise<Source> {
  const model = await loadModel(file, cwd, loadTimeout);
  return { label, contract: contractOf(model), complete: true, model };
}

function fileSource(label: string, file: string, { cwd }: SourceOptions): Source {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new InvalidOptionsError(`${label}: cannot be read: ${errorMessage(error)}`, { cause: error });
  }
  return { label, contract: parseContract(text, label), complete: true, json: { file: displayPath(file, cwd), text } };
}

/** The contract in a folder of generated files, or of a project; else the schema of the project. */
async function findInFolder(folder: string, label: string): Promise<string> {
  const { schema, out } = resolveOptions(await projectOptions(folder));
  const files = [join(folder, "api.json"), join(out, "api.json"), schema];
  const found = files.find((file) => existsSync(file));
  if (found !== undefined) return found;
  const names = files.map((file) => relative(folder, file)).join(", ");
  throw new InvalidOptionsError(`${label}: the folder has none of ${names}`);
}
