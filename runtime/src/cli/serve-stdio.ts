import { dirname, resolve } from "node:path";
import type { Logger } from "../base/log.js";
import { serveStdio } from "../compose/serve-stdio.js";
import { RpcError } from "../contract/rpc-error.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import { loadHandlers } from "./load-handlers.js";
import { adapterFlags, type ServeFlags } from "./serve-flags.js";
import { createDirectory } from "./shared/create-directory.js";

/** The time that open handles of the handlers have to close after the connection has ended, in ms. */
const LAST_GRACE = 5000;

/**
 * `sshrpc serve --stdio`: serves one connection over standard input and output, then exits.
 * @param fault why the command line is invalid, which the client gets
 */
export async function serveOverStdio(flags: ServeFlags, fault?: Error): Promise<void> {
  const log = await openLog(flags.log);
  const load = async (): Promise<ApiHandlers> => {
    if (fault !== undefined) throw new RpcError("UNAVAILABLE", fault.message, { cause: fault });
    if (log instanceof Error) throw log;
    return loadHandlers(flags.handlers);
  };
  try {
    await serveStdio(load, {
      ...adapterFlags(flags),
      ...(flags.scopes && { scopes: flags.scopes }),
      ...(flags.forced && { forced: true }),
      ...(flags.grace !== undefined && { grace: flags.grace }),
      ...(flags.audit !== undefined && { audit: { file: flags.audit } }),
      ...(log !== undefined && { log: log instanceof Error ? false : log }),
    });
  } finally {
    // A timer or connection of a handler must not keep the process alive.
    setTimeout(() => process.exit(), LAST_GRACE).unref();
  }
}

/** Returns an error rather than throwing it, so that the connection can be closed first. */
async function openLog(file: string | undefined): Promise<Logger | Error | undefined> {
  if (file === undefined) return undefined;
  const { pino } = await import("pino");
  try {
    createDirectory(dirname(resolve(file)));
    return pino(pino.destination({ dest: file, append: true, sync: true })) as Logger;
  } catch (error) {
    return new Error(`--log ${file}: cannot be written (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}
