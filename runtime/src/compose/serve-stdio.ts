import { setTimeout as sleep } from "node:timers/promises";
import type { AdapterConfig } from "../adapters/adapters.js";
import { stdioPeer } from "../adapters/stdio/stdio-peer.js";
import { type StdioRequest, stdioRequest } from "../adapters/stdio/stdio-request.js";
import { StdioSession } from "../adapters/stdio/stdio-session.js";
import { type Stdio, takeStdio } from "../adapters/stdio/take-stdio.js";
import { checkOptions } from "../base/check-options.js";
import type { Logger } from "../base/log.js";
import { newConnectionId } from "../base/peer.js";
import { SUBSYSTEM } from "../base/version.js";
import { checkedOptions, toBadRequest } from "../contract/option-errors.js";
import { RpcError } from "../contract/rpc-error.js";
import { withSyslog } from "../observe/syslog.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import { checkGrace, SIGNAL_GRACE } from "../server/check-grace.js";
import { findHandler } from "../ssh/server/channel-handler.js";
import { refuseConnection } from "../wire/close-duplex.js";
import { watchErrors } from "./handle-rejections.js";
import { openServer } from "./open-server.js";
import { resolveLog } from "./resolve-log.js";
import { SERVE_STDIO_OPTIONS, type ServeStdioOptions } from "./serve-options.js";

/** The exit status of a command for a 5xx. */
const EXIT_INTERNAL = 5;

/** Milliseconds for the last output of a command or a shell, after the grace. */
const EXIT_GRACE = 1000;

const SIGNALS = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/** One session over standard input and output. */
interface StdioSetup {
  readonly stdio: Stdio;
  readonly request: StdioRequest;
  readonly log: Logger;
  /** Resolves when the streams are closed. */
  readonly closed: Promise<void>;
}

/**
 * Serves one session over standard input and output: sshd starts the process as a subsystem or a forced command, one process
 * per session, and has authenticated the peer, which the environment describes. Resolves when the session has ended; the
 * process ends once its handles are closed.
 *
 * An unhandled rejection in a handler is logged with its call, and the session goes on. Any other one, and every uncaught
 * exception, is logged; the session drains, and the process ends with exit status 1.
 *
 * From the start, other output of the process goes to standard error, or to the log while a command or a shell runs.
 * @param handlers the value of `defineHandlers(…)`, or a function that loads it: output while it loads is redirected, too
 * @throws Error if the process was started at a terminal; RpcError BAD_REQUEST for an invalid option; also what `handlers` throws, after the
 * peer was refused. A command or a shell that cannot be served ends with exit status 5 instead; the log, if any, has the reason.
 */
export async function serveStdio(
  handlers: ApiHandlers<unknown> | (() => Promise<ApiHandlers<unknown>>),
  options: ServeStdioOptions = {},
): Promise<void> {
  checkedOptions(() => checkOptions(options, SERVE_STDIO_OPTIONS));
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY;
  if (isTerminal && process.env["SSH_CONNECTION"] === undefined) {
    throw new Error(
      "serving over standard input and output: started at a terminal, not by sshd; name the command in sshd_config as Subsystem sshrpc, or as command= in authorized_keys",
    );
  }
  const grace = checkedOptions(() => checkGrace(options.grace ?? SIGNAL_GRACE));
  const request = stdioRequest(process.env, { isTerminal, isForced: options.forced ?? false });
  const stdio = takeStdio();
  const closed = new Promise<void>((resolve) => stdio.stream.once("close", resolve));
  stdio.stream.on("error", () => undefined);
  const log = await openStdioLog(options.log, request);
  try {
    await serveSession(handlers, { ...options, grace }, { stdio, request, log, closed });
  } catch (error) {
    log.error({ err: error }, "the server could not start");
    await refuse(stdio, request, { error, log: options.log });
    await closed;
    // A command or a shell ends with an exit status; a thrown error would be printed to the caller.
    if (request.kind === "native") throw toBadRequest(error);
    process.exitCode = EXIT_INTERNAL;
  }
}

/** The logger: without an option, errors go to syslog, too. */
async function openStdioLog(log: Logger | false | undefined, { kind }: StdioRequest): Promise<Logger> {
  if (log !== undefined) return resolveLog(log, "info");
  return withSyslog(await resolveLog(kind === "native" ? undefined : false, "info"));
}

async function serveSession(
  handlers: Parameters<typeof serveStdio>[0],
  options: ServeStdioOptions & { readonly grace: number },
  { stdio, request, log, closed }: StdioSetup,
): Promise<void> {
  if (request.kind !== "native") stdio.redirectOutput((text) => log.info({ text }, "printed by a handler"));
  const { scopes = [], grace } = options;
  const opened = await openServer(handlers, { ...options, ledger: false, log, grantedScopes: scopes });
  let unwatch = (): void => undefined;
  try {
    const { server, observer } = opened;
    const connectionId = newConnectionId();
    const peer = { ...stdioPeer(process.env, scopes), connectionId };
    const served =
      request.kind === "native" ? ({ kind: "subsystem", name: SUBSYSTEM } as const) : { kind: request.kind };
    const session = { connectionId, address: peer.address, peer, ...served, transport: "stdio" } as const;
    const start = performance.now();
    observer.sessionOpened?.(session);
    const stop = async (): Promise<void> => {
      await server.close({ grace });
      // Output that the peer does not read must not keep the process.
      await Promise.race([closed, sleep(EXIT_GRACE, undefined, { ref: false })]);
      stdio.stream.destroy();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
    unwatch = watchErrors(process, log, async () => {
      await stop().finally(() => closed);
      // Handles of the handlers would keep the process.
      process.exit(1);
    });
    if (request.kind === "native") server.accept(stdio.stream, peer);
    else await runAdapter(request, new StdioSession(stdio, peer, process.env), { ...options, server, log, observer });
    await closed;
    observer.sessionClosed?.({ ...session, milliseconds: performance.now() - start });
    for (const signal of SIGNALS) process.off(signal, stop);
  } finally {
    await opened.close();
    unwatch();
  }
}

/** The adapters are loaded here, because the native wire needs none: each connection of a client starts a process. */
async function runAdapter(
  request: Exclude<StdioRequest, { readonly kind: "native" }>,
  session: StdioSession,
  config: AdapterConfig,
): Promise<void> {
  const { buildAdapters } = await import("../adapters/adapters.js");
  const handler = findHandler(buildAdapters(config), request);
  if (handler !== undefined) {
    handler.run(session, request);
    return;
  }
  await session.writeError(`${request.kind} is disabled on this server\n`);
  await session.exit(1);
}

interface StartFailure {
  readonly error: unknown;
  readonly log: Logger | false | undefined;
}

/** Where the log of a server is, for its peer. */
function whereLogIs(log: Logger | false | undefined): string {
  if (log === undefined) return "the reason is in the syslog of the server; --log FILE sets a log file";
  return log === false ? "it has no log: start it with --log FILE to see the reason" : "the reason is in its log";
}

/** Tells the peer that the server failed: the message only if it is UNAVAILABLE, which is written for the peer. */
async function refuse(
  { stream, writeError }: Stdio,
  request: StdioRequest,
  { error, log }: StartFailure,
): Promise<void> {
  const message = error instanceof RpcError && error.status === "UNAVAILABLE" ? [error.message] : [];
  const isComplete = message.length > 0 && (error as RpcError).cause === undefined;
  const reason = ["the server could not start", ...message, ...(isComplete ? [] : [whereLogIs(log)])].join("; ");
  if (request.kind === "native") {
    refuseConnection(stream, reason);
    return;
  }
  await writeError(`${JSON.stringify({ status: "UNAVAILABLE", code: 503, message: reason })}\n`);
  stream.destroy();
}
