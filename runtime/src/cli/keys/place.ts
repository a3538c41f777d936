import { existsSync } from "node:fs";
import type { Command } from "commander";
import { parseFileName } from "../file-name.js";
import { DEFAULTS } from "../shared/defaults.js";
import { type Home, homeFiles, prepareHome } from "../shared/home.js";

/** Where a server keeps its keys; the flags are those of `sshrpc serve`. */
export interface PlaceFlags {
  readonly home: string;
  readonly authorizedKeys?: string;
}

/** Adds the flags that say where a server keeps its keys. */
export function withPlace(command: Command): Command {
  return command
    .option("--home <directory>", "where the server keeps its files", parseFileName, DEFAULTS.home)
    .option("--authorized-keys <file>", "who may connect (default: the list in --home)", parseFileName);
}

/** The list that the flags name, whether it exists or not. */
export function listOf({ home, authorizedKeys }: PlaceFlags): string {
  return authorizedKeys ?? homeFiles(home).authorizedKeys;
}

/**
 * The files of a server, for somebody to be let in: those of its home are made where they are missing, unless the list
 * was named and there is no home.
 */
export async function preparePlace(flags: PlaceFlags): Promise<Partial<Home> & { readonly authorizedKeys: string }> {
  const { home, authorizedKeys } = flags;
  if (authorizedKeys === undefined) return prepareHome(home);
  const { hostKey } = homeFiles(home);
  return { authorizedKeys, ...(existsSync(hostKey) && { hostKey }) };
}
