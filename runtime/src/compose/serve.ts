import { checkOptions } from "../base/check-options.js";
import { toError } from "../base/error-message.js";
import type { Logger } from "../base/log.js";
import type { Siblings } from "../base/siblings.js";
import { IDENT } from "../base/version.js";
import type { Api } from "../contract/method.js";
import { checkedOptions, toBadRequest } from "../contract/option-errors.js";
import { type ApiHandlers, bindHandlers } from "../server/api-handlers.js";
import type { ConnectedClient } from "../server/call/context.js";
import { checkGrace } from "../server/check-grace.js";
import type { CloseOptions } from "../server/shutdown.js";
import type { Listener } from "../ssh/server/listen.js";
import type { SocketSource } from "../ssh/server/socket-source.js";
import { CLOSE_OPTIONS } from "./option-tables.js";
import { SERVE_OPTIONS, type ServeOptions } from "./serve-options.js";

/**
 * A running server. Its owner closes it. `Callbacks` has the methods that the schema declares for the connecting side.
 */
export interface Server<Callbacks = undefined> extends AsyncDisposable {
  /** The address it listens on. */
  readonly host: string;
  /** The port it listens on: the assigned one if the option is 0. */
  readonly port: number;
  /** Its host keys as lines for known_hosts, without the host: `ssh-ed25519 AAAA…`. */
  readonly hostKeys: readonly string[];
  /** The fingerprints of its host keys, in the same order: `SHA256:…`. */
  readonly fingerprints: readonly string[];
  /**
   * The connected clients, each with a client of the callbacks that it serves. Callers of adapters (commands, shells, korv) have
   * no connection that could serve callbacks: they are listed while a call of theirs runs, one entry for each SSH connection.
   */
  readonly clients: readonly ConnectedClient<Callbacks>[];
  /**
   * Authorizes the key of every connection again, for functions among the options (`authorizedKeys`,
   * `certificateAuthorities`) whose answers have changed: connections whose key is revoked are closed, the others get their
   * present scopes. Files of keys need no call: the server watches them.
   */
  reauthorize(): void;
  /**
   * Takes the options that a running server can: `perKey`, `maxConnections`, and of `limits` the numbers of calls and bytes at
   * once; those of `GuardOptions` but `algorithms`, keepalives and `knownAddressTtl` for new connections. Other options stay as they are;
   * absent ones have their defaults. Lists of keys are read again, and the file of the audit log is created again if it was moved.
   * @throws RpcError BAD_REQUEST for an invalid option; then nothing has changed
   */
  reload(options: ServeOptions): Promise<void>;
  /**
   * Stops listening and closes all connections. With a grace it is a graceful shutdown: running calls may finish first,
   * while clients move to other servers without losing a call; calls still running after it end with UNAVAILABLE. A second
   * call may shorten the grace.
   */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Serves handlers over SSH. Generated code calls it.
 * @throws RpcError BAD_REQUEST for an invalid option, or a file or key that an option names; Error with a `code` such as
 * EADDRINUSE if it cannot listen on the address, and Error that lists missing handlers
 */
export async function serveApi<Callbacks = undefined>(
  api: Api,
  handlers: object,
  options: ServeOptions,
): Promise<Server<Callbacks>> {
  return serveHandlers(bindHandlers<Callbacks>(api, handlers), options);
}

/** What a server gets from the process that it runs in. */
export interface ServerPlace {
  /** Delivers its connections. Default: a socket that listens on `host` and `port` of the options. */
  readonly sockets?: SocketSource;
  /** The other processes of the server. Default: none. */
  readonly siblings?: Siblings | undefined;
}

/**
 * As {@link serveApi}, for handlers that are bound already. The modules of a server are loaded here, because a generated
 * client imports this module, too.
 */
export async function serveHandlers<Callbacks = undefined>(
  handlers: ApiHandlers<Callbacks>,
  options: ServeOptions,
  place: ServerPlace = {},
): Promise<Server<Callbacks>> {
  try {
    checkOptions(options, SERVE_OPTIONS);
    return await open(handlers, options, place);
  } catch (error) {
    throw toBadRequest(error);
  }
}

async function open<Callbacks>(
  handlers: ApiHandlers<Callbacks>,
  options: ServeOptions,
  { sockets = options.sockets, siblings }: ServerPlace,
): Promise<Server<Callbacks>> {
  const [{ listen }, { guardConfig, MAX_CONNECTIONS }, { newServer, openServer }, { resolveLog }, { buildAdapters }] =
    await Promise.all([
      import("../ssh/server/listen.js"),
      import("../ssh/admission/guard-config.js"),
      import("./open-server.js"),
      import("./resolve-log.js"),
      import("../adapters/adapters.js"),
    ]);
  const log = await resolveLog(options.log, "info");
  const { maxConnections = MAX_CONNECTIONS } = options;
  let listener: Listener | undefined;
  const listedKeys = () => listener?.authorizedKeys;
  const joined =
    siblings &&
    (await (
      await import("./processes/join-processes.js")
    ).joinProcesses({ siblings, api: handlers.api, log, newServer }));
  const lostLines = lostLinesOf(options.log);
  const opened = await openServer(handlers, {
    ...{ ...options, maxConnections, log, listedKeys, lostLines },
    ...(joined && { others: joined.others, observer: [joined.observer, ...[options.observer ?? []].flat()] }),
  });
  const { server, scopes, observer } = opened;
  const leave = joined?.share(server);
  const listenOptions = { ...options, sockets, siblings, accounts: server.accounts, scopes, observer, ident: IDENT };
  const start = async () => listen(listenOptions, buildAdapters({ ...options, server, log, observer }));
  const listening = await start().catch(async (error) => {
    await opened.close();
    leave?.();
    throw error;
  });
  listener = listening;
  const close = async (closeOptions: CloseOptions = {}): Promise<void> => {
    checkedOptions(() => {
      checkOptions(closeOptions, CLOSE_OPTIONS);
      // An invalid grace must leave the whole server running, listener included.
      checkGrace(closeOptions.grace ?? 0);
      checkGrace(closeOptions.delay ?? 0, "delay");
    });
    await opened.close(closeOptions, listening);
    leave?.();
  };
  const { host, port, hostKeys, fingerprints } = listening;
  return {
    host,
    port,
    hostKeys,
    fingerprints,
    get clients() {
      return server.clients as readonly ConnectedClient<Callbacks>[];
    },
    reauthorize: () => listening.reauthorize(),
    reload: async (next) => {
      try {
        checkedOptions(() => {
          checkOptions(next, SERVE_OPTIONS);
          guardConfig(next);
          server.limit({ ...next, maxConnections: next.maxConnections ?? MAX_CONNECTIONS });
        });
        opened.reopen();
        await listening.reload(next);
      } catch (error) {
        observer.configurationReloaded?.({ error: toError(error) });
        throw error;
      }
      observer.configurationReloaded?.({});
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

/** Loggers of `openLog` count the lines that they lose. */
function lostLinesOf(log: Logger | false | undefined): () => number | undefined {
  return () => {
    const { lost } = (log || {}) as { readonly lost?: unknown };
    return typeof lost === "number" ? lost : undefined;
  };
}
