import { checkNumber } from "../base/check-number.js";
import type { Logger } from "../base/log.js";
import { combineObservers } from "../base/observer/combine-observers.js";
import type { Observer, ServerState } from "../base/observer/observer.js";
import { BUILT_IN_SCOPES } from "../contract/built-in/built-in-api.js";
import { openAuditLog } from "../observe/audit-log.js";
import type { AuditOptions } from "../observe/audit-options.js";
import { channelObserver } from "../observe/channels/channel-observer.js";
import { logObserver } from "../observe/log-observer.js";
import type { AccountedOptions } from "../server/accounts-config.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import { ApiServer } from "../server/api-server.js";
import type { OperatedOptions } from "../server/built-in/health-check.js";
import type { CloseOptions } from "../server/shutdown.js";
import { UnknownScopes } from "../ssh/keys/lists/unknown-scopes.js";
import { callbacksOf } from "./callbacks.js";

/** What a server is opened with. */
interface OpenServerOptions extends AccountedOptions, AuditOptions, OperatedOptions {
  /** Scopes that every peer is granted: the log warns of those that no method requires. Default: none. */
  readonly grantedScopes?: readonly string[];
  /** Returns the number of lines that the log has lost. Default: unknown. */
  readonly lostLines?: () => number | undefined;
}

/** A source of connections, which closes with the server. */
interface ServerListener {
  /** Stops accepting connections. */
  stop(): Promise<void>;
  /** Closes the connections that are left. */
  close(): Promise<void>;
}

/** An open server, and what its listener needs. */
interface OpenServer {
  readonly server: ApiServer;
  /** Passes events to the log, the audit log and the observers of the options. */
  readonly observer: Observer;
  /** The scopes that methods require. */
  readonly scopes: readonly string[];
  /** Creates the file of the audit log again if it was moved, as by logrotate. */
  reopen(): void;
  /** Stops the listener, drains the server, closes the connections that are left, then the audit log. */
  close(options?: CloseOptions, listener?: ServerListener): Promise<void>;
}

/**
 * Opens the audit log, then the server that reports to it. Every function that serves an API over a transport uses it.
 * @param handlers may be loaded here, so that a failure closes the audit log
 * @throws OptionError of an invalid option or audit log, or what `handlers` throws
 */
export async function openServer(
  handlers: ApiHandlers<unknown> | (() => Promise<ApiHandlers<unknown>>),
  options: OpenServerOptions,
): Promise<OpenServer> {
  const { log, refusalLines } = options;
  if (refusalLines !== undefined) checkNumber("refusalLines", refusalLines, 1);
  let observer: Observer = {};
  const audit = await openAuditLog(options, log, (count) => observer.auditLinesLost?.({ count }));
  try {
    const loaded = typeof handlers === "function" ? await handlers() : handlers;
    const lines = logObserver(log, refusalLines);
    const observers = [lines.observer, audit.observer, channelObserver(), ...[options.observer ?? []].flat()];
    observer = combineObservers(observers, log);
    const server = newServer(loaded, { ...options, observer, refusal: audit.refusal });
    const scopes = [...new Set([...loaded.api.methods.flatMap(({ scope }) => scope ?? []), ...BUILT_IN_SCOPES])];
    const granted = { grant: { scopes: options.grantedScopes ?? [] }, place: "scopes" };
    for (const warning of new UnknownScopes(scopes).inLines([granted])) log.warn({}, warning);
    const state: ServerState = {
      unready: async () => (server.shutdown.isAnnounced ? "the server is shutting down" : server.health.reason()),
      auditFailure: () => audit.failure?.(),
      refusesCalls: () => audit.refusal?.() !== undefined,
      logLinesLost: () => options.lostLines?.(),
      usage: () => server.accounts.usage,
      authorizedKeys: () => options.listedKeys?.(),
    };
    const start = performance.now();
    let hasEnded = false;
    observer.serverStarted?.(state);
    return {
      server,
      observer,
      scopes,
      reopen: () => audit.reopen(),
      async close(closeOptions = {}, listener) {
        await server.announceClose(closeOptions);
        const stopped = listener?.stop();
        await server.close(closeOptions);
        await Promise.all([stopped, listener?.close()]);
        lines.flush();
        const milliseconds = performance.now() - start;
        if (!hasEnded) observer.serverEnded?.({ server: state, milliseconds, calls: server.shutdown.cut });
        hasEnded = true;
        await audit.close();
      },
    };
  } catch (error) {
    await audit.close();
    throw error;
  }
}

/** The server of an API in this process, without an audit log. */
export function newServer(
  handlers: ApiHandlers<unknown>,
  options: AccountedOptions & OperatedOptions & { readonly log: Logger },
): ApiServer {
  return new ApiServer(handlers, options, callbacksOf(handlers.api, options));
}
