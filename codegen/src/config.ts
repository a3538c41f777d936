import { relative } from "node:path";
import { loadConfig } from "sshrpc/config";
import { InvalidOptionsError } from "./base/invalid-options-error.js";
import type { GenerateOptions } from "./options.js";

/**
 * The schema and the output of a project in another folder, as its config file names them. For the project in the working directory
 * `sshrpc` itself reads the file.
 * @throws InvalidOptionsError, or the error of the config file
 */
export async function projectOptions(folder: string): Promise<GenerateOptions> {
  const config = await loadConfig({ cwd: folder });
  if (config === undefined) return { cwd: folder };
  const { content } = config;
  const gen = typeof content["gen"] === "object" && content["gen"] !== null ? content["gen"] : {};
  const pathOf = (key: "schema" | "out"): Partial<Record<"schema" | "out", string>> => {
    const value: unknown = (gen as Readonly<Record<string, unknown>>)[key] ?? content[key];
    if (value === undefined) return {};
    if (typeof value === "string" && value !== "") return { [key]: value };
    throw new InvalidOptionsError(`${relative(folder, config.path)}: ${key}: expected a path`);
  };
  return { cwd: folder, ...pathOf("schema"), ...pathOf("out") };
}
