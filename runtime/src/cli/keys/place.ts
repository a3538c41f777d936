import { existsSync } from "node:fs";
import type { Command } from "commander";
import { parseFileName } from "../shared/arguments.js";
import { DEFAULTS } from "../shared/defaults.js";
import { type Home, homeFiles, prepareHome } from "../shared/home.js";
import { type CliIo, pathOf } from "../shared/io.js";

/** The flags for the files of a server, which `sshrpc serve` also has. */
export interface PlaceFlags {
  readonly home: string;
  readonly authorizedKeys?: string;
}

/** Adds the flags for the files of a server. */
export function withPlace(command: Command): Command {
  return command
    .option("--home <directory>", "directory of the server's files", parseFileName, DEFAULTS.home)
    .option("--authorized-keys <file>", "authorized_keys file (default: the one in --home)", parseFileName);
}

/** The authorized_keys file for the flags. It need not exist. */
export function keysFileOf({ home, authorizedKeys }: PlaceFlags, io: CliIo): string {
  return pathOf(io, authorizedKeys ?? homeFiles(home).authorizedKeys);
}

/**
 * The files of a server, for `keys add`. Missing files of the home are created unless `--authorized-keys` is given.
 */
export async function preparePlace(
  flags: PlaceFlags,
  io: CliIo,
): Promise<Partial<Home> & { readonly authorizedKeys: string }> {
  const home = pathOf(io, flags.home);
  if (flags.authorizedKeys === undefined) return prepareHome(home);
  const { hostKey } = homeFiles(home);
  return { authorizedKeys: pathOf(io, flags.authorizedKeys), ...(existsSync(hostKey) && { hostKey }) };
}
