import { takeStdio } from "./adapters/stdio/stdio-duplex.js";
import { stdioPeer } from "./adapters/stdio/stdio-peer.js";
import { callbacksOf } from "./callbacks.js";
import { type Logger, SILENT } from "./log.js";
import type { ApiHandlers } from "./server/api-handlers.js";
import { ApiServer } from "./server/api-server.js";
import type { ApiServerOptions } from "./server/dispatch-settings.js";
import { refuseConnection } from "./wire/refuse-connection.js";

/** How a server over standard input and output answers. */
export interface ServeStdioOptions extends ApiServerOptions {
  /** What whoever is connected may do: scopes, or patterns such as `notes:*`. Default: only what asks for no scope. */
  readonly scopes?: readonly string[];
  /** Milliseconds that running calls are given at SIGTERM, SIGHUP or SIGINT. Default: 5,000. */
  readonly grace?: number;
  /** Where the server logs; false for nowhere. Default: pino at level `info`, to standard error. */
  readonly log?: Logger | false;
}

const GRACE = 5000;

const SIGNALS = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/**
 * Serves one connection over standard input and output: what sshd starts as a subsystem or as a forced command, one process
 * a session. sshd has proven who is there; the peer is what it says in the environment. Resolves when the connection has
 * ended: the process should end then, once what it has open is closed.
 *
 * From its first moment on, what anything prints to standard output goes to standard error.
 * @param handlers what `defineHandlers(…)` gave, or a function that loads it: then what loading prints does no harm
 * @throws Error where standard input or output is a terminal, or what loading throws, after the peer was told to go
 */
export async function serveStdio(
  handlers: ApiHandlers<unknown> | (() => Promise<ApiHandlers<unknown>>),
  options: ServeStdioOptions = {},
): Promise<void> {
  const duplex = takeStdio();
  const closed = new Promise<void>((resolve) => duplex.once("close", resolve));
  duplex.on("error", () => undefined);
  try {
    const log = await openLog(options.log);
    const loaded = typeof handlers === "function" ? await handlers() : handlers;
    const server = new ApiServer(loaded, { ...options, log }, callbacksOf(loaded.api));
    const peer = stdioPeer(process.env, options.scopes ?? []);
    const stop = (): void => void server.close({ grace: options.grace ?? GRACE });
    for (const signal of SIGNALS) process.on(signal, stop);
    log.info({ user: peer.user, fingerprint: peer.fingerprint, address: peer.address }, "session over stdio");
    server.accept(duplex, peer);
    await closed;
    for (const signal of SIGNALS) process.off(signal, stop);
  } catch (error) {
    refuseConnection(duplex, "the server could not start; its log says why");
    await closed;
    throw error;
  }
}

async function openLog(log: Logger | false | undefined): Promise<Logger> {
  if (log !== undefined) return log === false ? SILENT : log;
  const { pino } = await import("pino");
  const logger: Logger = pino({ level: "info" }, pino.destination(2));
  return logger;
}
