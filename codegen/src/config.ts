import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { errorMessage } from "./base/error-message.js";
import { InvalidOptionsError } from "./base/invalid-options-error.js";
import type { LintConfig } from "./lint/lint-config.js";
import { checkNames, type GenerateOptions, invalidDeclarationMap } from "./options.js";

/** The default config file, which is optional. */
const CONFIG_FILE = "sshrpc.config.json";

const KEYS = ["schema", "out", "declarationMap", "lint"];

/**
 * Reads a config file: `{ "schema": "...", "out": "...", "declarationMap": false }`. Its paths are relative to the file;
 * {@link lintConfigOf} reads its `lint`.
 *
 * @param file default: `sshrpc.config.json`, if it exists.
 * @param cwd the directory to which `file` and the resulting paths are relative.
 * @throws InvalidOptionsError with the file and the key, if the file is invalid
 */
export function readConfig(file: string | undefined, cwd: string): GenerateOptions {
  const { name, path, content } = readContent(file, cwd);
  const { declarationMap } = content;
  if (declarationMap !== undefined && typeof declarationMap !== "boolean") throw invalidDeclarationMap(`${name}: `);
  const pathOf = (key: "schema" | "out"): Partial<Record<"schema" | "out", string>> => {
    const value = content[key];
    if (value === undefined) return {};
    if (typeof value !== "string" || value === "") throw new InvalidOptionsError(`${name}: "${key}" must be a path`);
    return { [key]: relative(cwd, resolve(dirname(path), value)) || "." };
  };
  return { ...pathOf("schema"), ...pathOf("out"), ...(declarationMap === undefined ? {} : { declarationMap }) };
}

/** Reads the rules of `lint` in a config file. @throws InvalidOptionsError with the file and the key */
export async function lintConfigOf(file: string | undefined, cwd: string): Promise<LintConfig> {
  const { name, content } = readContent(file, cwd);
  const { readLintConfig } = await import("./lint/lint-config.js");
  return readLintConfig(content["lint"], name);
}

/** A config file, with its name in messages; without an optional one, its content is empty. */
function readContent(
  file: string | undefined,
  cwd: string,
): { readonly name: string; readonly path: string; readonly content: Readonly<Record<string, unknown>> } {
  const name = file ?? CONFIG_FILE;
  const path = resolve(cwd, name);
  if (!existsSync(path)) {
    if (file === undefined) return { name, path, content: {} };
    throw new InvalidOptionsError(`--config ${file}: no such file`);
  }
  const content = parse(name, read(name, path));
  checkNames(content, KEYS, `${name}: `);
  return { name, path, content };
}

function read(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new InvalidOptionsError(`${name}: cannot be read: ${errorMessage(error)}`, { cause: error });
  }
}

function parse(name: string, text: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new InvalidOptionsError(`${name}: invalid JSON: ${errorMessage(error)}`, { cause: error });
  }
  if (typeof content === "object" && content !== null && !Array.isArray(content))
    return content as Record<string, unknown>;
  throw new InvalidOptionsError(`${name}: expected an object, such as { "schema": "schema/api.ts" }`);
}
