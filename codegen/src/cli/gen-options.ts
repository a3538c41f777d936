import { type Command, InvalidArgumentError } from "commander";
import { readConfig } from "../config.js";
import { type GenerateOptions, IMPORT_EXTENSIONS, type ImportExtension, isImportExtension } from "../options.js";

/** The flags that `gen` and `dev` share, as commander gives them. */
export interface GenFlags {
  readonly schema?: string;
  readonly out?: string;
  readonly importExtension?: ImportExtension;
  readonly config?: string;
  readonly loadTimeout?: number;
}

/** Declares the flags that `gen` and `dev` share. */
export function addGenFlags(command: Command): Command {
  return command
    .option("--schema <file>", "the schema module (default: schema/api.ts)", pathOf)
    .option("--out <folder>", "the folder for generated files (default: generated)", pathOf)
    .option(
      "--import-extension <ext>",
      `what generated imports end in: ${IMPORT_EXTENSIONS.join(", ")} (default: js)`,
      importExtensionOf,
    )
    .option("--load-timeout <ms>", "how long the schema may await something (default: 10000)", millisecondsOf)
    .option(
      "--config <file>",
      "a JSON file with schema, out and importExtension (default: sshrpc.config.json, if any)",
      pathOf,
    );
}

/**
 * What the flags and the config file say together; flags win.
 * @throws UsageError where the config file cannot be used
 */
export function generateOptions({ config, schema, out, importExtension, loadTimeout }: GenFlags): GenerateOptions {
  return {
    ...readConfig(config, process.cwd()),
    ...(schema === undefined ? {} : { schema }),
    ...(out === undefined ? {} : { out }),
    ...(importExtension === undefined ? {} : { importExtension }),
    ...(loadTimeout === undefined ? {} : { loadTimeout }),
  };
}

function importExtensionOf(text: string): ImportExtension {
  if (isImportExtension(text)) return text;
  throw new InvalidArgumentError(`Give ${IMPORT_EXTENSIONS.join(", ")}.`);
}

function millisecondsOf(text: string): number {
  const milliseconds = Number(text);
  // Node's timers take no more.
  if (/^[1-9]\d*$/.test(text) && milliseconds < 2 ** 31) return milliseconds;
  throw new InvalidArgumentError("Give a whole number of milliseconds, from 1 to 2147483647.");
}

function pathOf(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("Give a path.");
}
