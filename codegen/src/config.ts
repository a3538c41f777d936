import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { errorMessage } from "./base/error-message.js";
import { UsageError } from "./base/usage-error.js";
import { type GenerateOptions, IMPORT_EXTENSIONS, isImportExtension } from "./options.js";

/** The config file that is read where it exists and none is named. */
const CONFIG_FILE = "sshrpc.config.json";

const KEYS = ["schema", "out", "importExtension"];

/**
 * Reads a config file: `{ "schema": "...", "out": "...", "importExtension": "js" }`. Its paths are relative to itself.
 *
 * @param file default: `sshrpc.config.json`, which need not exist.
 * @param cwd what `file` and the resulting paths are relative to.
 * @throws UsageError that names the file and the key, where it cannot be used
 */
export function readConfig(file: string | undefined, cwd: string): GenerateOptions {
  const path = resolve(cwd, file ?? CONFIG_FILE);
  if (!existsSync(path)) {
    if (file === undefined) return {};
    throw new UsageError(`${file}: there is no such file (--config)`);
  }
  const name = file ?? CONFIG_FILE;
  const content = parse(name, read(name, path));
  for (const key of Object.keys(content)) {
    if (!KEYS.includes(key)) throw new UsageError(`${name}: "${key}" is no option; it may have ${KEYS.join(", ")}`);
  }
  const { importExtension } = content;
  if (importExtension !== undefined && !isImportExtension(importExtension)) {
    throw new UsageError(
      `${name}: "importExtension" is ${JSON.stringify(importExtension)}; give ${IMPORT_EXTENSIONS.join(", ")}`,
    );
  }
  const pathOf = (key: "schema" | "out"): Partial<Record<"schema" | "out", string>> => {
    const value = content[key];
    if (value === undefined) return {};
    if (typeof value !== "string" || value === "") throw new UsageError(`${name}: "${key}" must be a path`);
    return { [key]: relative(cwd, resolve(dirname(path), value)) || "." };
  };
  return { ...pathOf("schema"), ...pathOf("out"), ...(importExtension === undefined ? {} : { importExtension }) };
}

function read(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${name}: it cannot be read: ${errorMessage(error)}`, { cause: error });
  }
}

function parse(name: string, text: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name}: it is no JSON: ${errorMessage(error)}`, { cause: error });
  }
  if (typeof content === "object" && content !== null && !Array.isArray(content))
    return content as Record<string, unknown>;
  throw new UsageError(`${name}: it must hold an object, such as { "schema": "schema/api.ts" }`);
}
