import { randomBytes } from "node:crypto";
import type { AdapterOptions } from "../adapters/adapter-options.js";
import { stdioPeer } from "../adapters/stdio/stdio-peer.js";
import { type StdioRequest, stdioRequest } from "../adapters/stdio/stdio-request.js";
import { StdioSession } from "../adapters/stdio/stdio-session.js";
import { type Stdio, takeStdio } from "../adapters/stdio/take-stdio.js";
import { checkOptions, type OptionTable } from "../base/check-options.js";
import { type Logger, SILENT } from "../base/log.js";
import type { Peer } from "../base/peer.js";
import { type AuditLog, openAuditLog } from "../observe/audit-log.js";
import type { AuditOptions } from "../observe/audit-options.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import { ApiServer } from "../server/api-server.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import { checkGrace } from "../server/check-grace.js";
import { UnknownScopes } from "../ssh/keys/lists/unknown-scopes.js";
import { refuseConnection } from "../wire/close-duplex.js";
import { callbacksOf } from "./callbacks.js";
import { ADAPTER_OPTIONS, API_SERVER_OPTIONS, AUDIT_OPTIONS } from "./option-tables.js";

/** How a server over standard input and output answers. */
export interface ServeStdioOptions extends ApiServerOptions, AuditOptions, Pick<AdapterOptions, "exec" | "shell"> {
  /** What whoever is connected may do: scopes, or patterns such as `notes:*`. Default: only what asks for no scope. */
  readonly scopes?: readonly string[];
  /**
   * Whether sshd starts this process as a forced command: then a session that asks for nothing, as bare `ssh -T edge` does,
   * is a shell that reads a command a line. Default: false, and it is a client of ours, as of a Subsystem: sshd tells the two
   * apart by nothing.
   */
  readonly forced?: boolean;
  /** Milliseconds that running calls are given at SIGTERM, SIGHUP or SIGINT. Default: 5,000. */
  readonly grace?: number;
  /**
   * Where the server logs; false for nowhere. Default: for a connection of a client of ours, pino at level `info`, to
   * standard error, which sshd drops; for a command or a shell nowhere, for that standard error is the caller's.
   */
  readonly log?: Logger | false;
}

const SERVE_STDIO_OPTIONS = {
  ...API_SERVER_OPTIONS,
  ...AUDIT_OPTIONS,
  exec: ADAPTER_OPTIONS.exec,
  shell: ADAPTER_OPTIONS.shell,
  scopes: true,
  forced: true,
  grace: true,
  log: true,
} satisfies OptionTable<ServeStdioOptions>;

const GRACE = 5000;

/** The exit status of a command where the server is at fault. */
const FAULT = 5;

const SIGNALS = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/**
 * Serves one session over standard input and output: what sshd starts as a subsystem or as a forced command, one process a
 * session. sshd has proven who is there; the peer is what it says in the environment. Resolves when the session has ended:
 * the process should end then, once what it has open is closed.
 *
 * From its first moment on, what anything else prints goes to standard error, or, while a command or a shell runs, to the log.
 * @param handlers what `defineHandlers(…)` gave, or a function that loads it: then what loading prints does no harm
 * @throws Error where a person has started it at a terminal, or the grace is impossible; or what loading throws, after the peer
 * was told to go. A command or a shell that cannot be served ends with exit status 5 instead, and the log says why.
 */
export async function serveStdio(
  handlers: ApiHandlers<unknown> | (() => Promise<ApiHandlers<unknown>>),
  options: ServeStdioOptions = {},
): Promise<void> {
  checkOptions(options, SERVE_STDIO_OPTIONS);
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY;
  if (isTerminal && process.env["SSH_CONNECTION"] === undefined) {
    throw new Error(
      "serving standard input and output is for sshd to start, not for a terminal: name the command in sshd_config as Subsystem sshrpc, or as command= in authorized_keys",
    );
  }
  const grace = checkGrace(options.grace ?? GRACE);
  const request = stdioRequest(process.env, isTerminal, options.forced);
  const stdio = takeStdio();
  const closed = new Promise<void>((resolve) => stdio.stream.once("close", resolve));
  stdio.stream.on("error", () => undefined);
  const log = await openLog(options.log, request);
  let audit: AuditLog | undefined;
  try {
    audit = await openAuditLog(options, log);
    if (request.kind !== "native") stdio.onPrint = (text) => log.info({ text }, "printed by a handler");
    const onCall = audit.onCall(options.onCall);
    const loaded = typeof handlers === "function" ? await handlers() : handlers;
    const server = new ApiServer(loaded, { ...options, log, ...(onCall && { onCall }) }, callbacksOf(loaded.api));
    const asked = [...new Set(loaded.api.methods.flatMap(({ scope }) => scope ?? []))];
    const granted = { grant: { scopes: options.scopes ?? [] }, place: "scopes" };
    for (const remark of new UnknownScopes(asked).inLines([granted])) log.warn({}, remark);
    const connectionId = randomBytes(6).toString("base64url");
    const peer = { ...stdioPeer(process.env, options.scopes ?? []), connectionId };
    const { user, fingerprint, address } = peer;
    const who = { connection: connectionId, user, fingerprint, address };
    audit.with(log).info({ ...who, kind: request.kind }, "session over stdio");
    const stop = async (): Promise<void> => {
      await server.close({ grace });
      // A connection, or a command, ends with its calls; a prompt does not.
      if (request.kind === "shell") stdio.stream.destroy();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
    await serve(server, stdio, peer, request, { ...options, log });
    await closed;
    for (const signal of SIGNALS) process.off(signal, stop);
  } catch (error) {
    log.error({ err: error }, "the server could not start");
    await refuse(stdio, request);
    await closed;
    // Whoever asked for a command or a shell gets its exit status; what is thrown would be printed for the caller.
    if (request.kind === "native") throw error;
    process.exitCode = FAULT;
  } finally {
    await audit?.close();
  }
}

async function serve(
  server: ApiServer,
  stdio: Stdio,
  peer: Peer,
  request: StdioRequest,
  options: ServeStdioOptions & { readonly log: Logger },
): Promise<void> {
  if (request.kind === "native") {
    server.accept(stdio.stream, peer);
    return;
  }
  const { channelHandlers: waysIn } = await import("../adapters/adapters.js");
  const { exec, shell } = waysIn(server, options);
  const session = new StdioSession(stdio, peer, process.env);
  if (request.kind === "exec" && exec !== undefined) exec(session, request.command);
  else if (request.kind === "shell" && shell !== undefined) shell(session);
  else {
    await session.writeError(`this server offers no ${request.kind}\n`);
    await session.exit(1);
  }
}

/** The peer learns that it is not its fault, and nothing else. */
async function refuse({ stream, writeError }: Stdio, request: StdioRequest): Promise<void> {
  const reason = "the server could not start; its log says why";
  if (request.kind === "native") {
    refuseConnection(stream, reason);
    return;
  }
  await writeError(`${JSON.stringify({ status: "UNAVAILABLE", code: 503, message: reason })}\n`);
  stream.destroy();
}

async function openLog(log: Logger | false | undefined, request: StdioRequest): Promise<Logger> {
  if (log !== undefined) return log === false ? SILENT : log;
  if (request.kind !== "native") return SILENT;
  const { pino } = await import("pino");
  const logger: Logger = pino({ level: "info" }, pino.destination(2));
  return logger;
}
