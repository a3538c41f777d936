import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { errorMessage } from "../base/error-message.js";
import { makeDirectory } from "../base/make-directory.js";
import { SERVE_STDIO_OPTIONS } from "../compose/serve-options.js";
import { serveStdio } from "../compose/serve-stdio.js";
import { RpcError } from "../contract/rpc-error.js";
import type { OpenLog } from "../observe/open-log.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import { loadHandlers } from "./load-handlers.js";
import { adapterFlags, auditFlags, logFlags, otherOptions, type ServeFlags } from "./serve/serve-flags.js";
import { LAST_GRACE } from "./shared/defaults.js";
import { type CliIo, pathOf } from "./shared/io.js";

/**
 * `sshrpc serve --stdio`: serves one connection over standard input and output, then exits.
 * @param fault why the command line or the configuration is invalid: the client gets the message, the log its cause
 */
export async function serveOverStdio(flags: ServeFlags, io: CliIo, fault?: Error): Promise<void> {
  const log = await openLogFile(flags, io);
  const load = async (): Promise<ApiHandlers> => {
    if (fault !== undefined) throw forPeer(fault.message, fault.cause);
    if (log instanceof Error) throw forPeer("--log: the file cannot be written", log);
    const handlers = await loadHandlers(flags, io).catch((error: unknown) => {
      throw forPeer("--handlers: the file does not exist or cannot be loaded", error);
    });
    for (const problem of handlers.folder?.problems ?? []) log?.warn({}, problem);
    return handlers;
  };
  try {
    await serveStdio(load, {
      ...otherOptions(flags, SERVE_STDIO_OPTIONS),
      ...adapterFlags(flags),
      ...(flags.scopes && { scopes: flags.scopes }),
      ...(flags.forced && { forced: true }),
      ...(flags.grace !== undefined && { grace: flags.grace }),
      ...auditFlags(flags, io),
      ...(log !== undefined && !(log instanceof Error) && { log }),
    });
  } catch (error) {
    // Standard error gets the whole reason, as an operator sees it who runs the command.
    throw error instanceof RpcError ? (error.cause ?? error) : error;
  } finally {
    // A timer or connection of a handler must not keep the process alive.
    setTimeout(() => io.exit(), LAST_GRACE).unref();
  }
}

/** The error that the client gets, without the path of a file; the log has the cause. */
function forPeer(message: string, cause: unknown): RpcError {
  return new RpcError("UNAVAILABLE", message, { cause });
}

/** Returns an error rather than throwing it, so that the connection can be closed first. */
async function openLogFile(flags: ServeFlags, io: CliIo): Promise<OpenLog | Error | undefined> {
  const { log } = flags;
  if (log === undefined) return undefined;
  const { openLogOf } = await import("../observe/open-log.js");
  try {
    const directory = dirname(resolve(pathOf(io, log)));
    // Where it is a file, the log has the better reason.
    if (!existsSync(directory)) makeDirectory(directory, 0o700);
    return await openLogOf(io, logFlags(flags, io));
  } catch (error) {
    const { code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    const reason = code === undefined ? errorMessage(error) : `cannot be written (${code})`;
    return new Error(`--log ${log}: ${reason}`, { cause: error });
  }
}
