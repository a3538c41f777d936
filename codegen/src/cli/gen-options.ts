import type { Command } from "commander";
import { readConfig } from "../config.js";
import { type GenerateOptions, IMPORT_EXTENSIONS, isImportExtension } from "../options.js";

/** The flags that `gen` and `dev` share, as commander gives them. */
export interface GenFlags {
  readonly schema?: string;
  readonly out?: string;
  readonly importExtension?: string;
  readonly config?: string;
}

/** Declares the flags that `gen` and `dev` share. */
export function addGenFlags(command: Command): Command {
  return command
    .option("--schema <file>", "the schema module (default: schema/api.ts)")
    .option("--out <folder>", "the folder for generated files (default: generated)")
    .option("--import-extension <ext>", `what generated imports end in: ${IMPORT_EXTENSIONS.join(", ")} (default: js)`)
    .option(
      "--config <file>",
      "a JSON file with schema, out and importExtension (default: sshrpc.config.json, if any)",
    );
}

/**
 * What the flags and the config file say together; flags win.
 * @throws Error where one of them cannot be used
 */
export function generateOptions({ config, importExtension, ...paths }: GenFlags): GenerateOptions {
  if (importExtension !== undefined && !isImportExtension(importExtension)) {
    throw new Error(`--import-extension is "${importExtension}"; give ${IMPORT_EXTENSIONS.join(", ")}`);
  }
  const { schema, out } = paths;
  return {
    ...readConfig(config, process.cwd()),
    ...(schema === undefined ? {} : { schema }),
    ...(out === undefined ? {} : { out }),
    ...(importExtension === undefined ? {} : { importExtension }),
  };
}
