import { type Command, InvalidArgumentError } from "commander";
import { type GenerateOptions, LOAD_TIMEOUT } from "../options.js";

/** The flags that `gen` and `dev` share, as parsed by commander. */
export interface GenFlags {
  readonly schema?: string;
  readonly out?: string;
  /** False for `--no-declaration-map`; true, commander's default, without it. */
  readonly declarationMap?: boolean;
  readonly loadTimeout?: number;
}

/** Declares the flags that `gen` and `dev` share. */
export function addGenFlags(command: Command): Command {
  command
    .option("--schema <file>", "schema module (default: schema/api.ts)", pathOf)
    .option("--out <directory>", "directory for generated files (default: generated)", pathOf)
    .option(
      "--no-declaration-map",
      "write no maps (*.d.ts.map), with which editors go from generated names to the schema",
    );
  return addLoadFlags(command);
}

/** Declares the flags of all commands that load a schema. */
export function addLoadFlags(command: Command): Command {
  return command.option(
    "--load-timeout <ms>",
    `time limit for top-level awaits of the schema (default: ${LOAD_TIMEOUT})`,
    millisecondsOf,
  );
}

/**
 * The options of a run.
 * @param cwd the directory to which their paths are relative
 */
export function generateOptions({ schema, out, declarationMap, loadTimeout }: GenFlags, cwd: string): GenerateOptions {
  return {
    cwd,
    ...(schema === undefined ? {} : { schema }),
    ...(out === undefined ? {} : { out }),
    ...(declarationMap === false ? { declarationMap } : {}),
    ...(loadTimeout === undefined ? {} : { loadTimeout }),
  };
}

function millisecondsOf(text: string): number {
  const milliseconds = Number(text);
  // The maximum delay of a Node timer.
  if (/^[1-9]\d*$/.test(text) && milliseconds < 2 ** 31) return milliseconds;
  throw new InvalidArgumentError("Use a whole number of milliseconds from 1 to 2147483647.");
}

function pathOf(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("Use a non-empty path.");
}
