import type { ServeOptions } from "../../compose/serve-options.js";
import type { Home } from "../shared/home.js";
import { type CliIo, pathOf } from "../shared/io.js";
import {
  adapterFlags,
  auditFlags,
  ledgerFlags,
  otherOptions,
  SERVE_FILE_OPTIONS,
  type ServeFlags,
} from "./serve-flags.js";

/** Whether no file of the home is used. */
export function hasOwnFiles({ hostKey, authorizedKeys }: ServeFlags): boolean {
  return hostKey !== undefined && authorizedKeys !== undefined;
}

/** The options of the server for the flags. @param home the files for what flags do not name */
export function optionsOf(flags: ServeFlags, io: CliIo, home: Home | undefined): ServeOptions {
  const path = (name: string): string => pathOf(io, name);
  const { authorizedKeys = home?.authorizedKeys as string, revokedKeys } = flags;
  return {
    ...otherOptions(flags, SERVE_FILE_OPTIONS),
    host: flags.listen,
    port: flags.port,
    hostKeys: [flags.hostKey ?? (home?.hostKey as string)]
      .flat()
      .map((key) => (typeof key === "string" ? path(key) : key)),
    authorizedKeys: isFiles(authorizedKeys) ? eachFile(authorizedKeys, path) : authorizedKeys,
    ...(revokedKeys !== undefined && { revokedKeys: eachFile(revokedKeys, path) }),
    korv: flags.korv ?? false,
    ...adapterFlags(flags),
    ...auditFlags(flags, io),
    ...ledgerFlags(flags, io),
  };
}

function eachFile(files: string | readonly string[], path: (name: string) => string): string | readonly string[] {
  return typeof files === "string" ? path(files) : files.map(path);
}

/** Whether the keys are files. */
export function isFiles(keys: NonNullable<ServeOptions["authorizedKeys"]>): keys is string | readonly string[] {
  return typeof keys === "string" || Array.isArray(keys);
}
