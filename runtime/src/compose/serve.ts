import type { AdapterOptions } from "../adapters/adapter-options.js";
import { checkOptions, type OptionTable } from "../base/check-options.js";
import type { Logger } from "../base/log.js";
import { IDENT } from "../base/version.js";
import type { Api } from "../contract/method.js";
import { checkedOptions, toBadRequest } from "../contract/option-errors.js";
import type { AuditOptions } from "../observe/audit-options.js";
import { type ApiHandlers, bindHandlers } from "../server/api-handlers.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import type { ConnectedClient } from "../server/call/context.js";
import { checkGrace } from "../server/check-grace.js";
import type { CloseOptions } from "../server/shutdown.js";
import type { Listener } from "../ssh/server/listen.js";
import type { ListenOptions } from "../ssh/server/listen-options.js";
import {
  ADAPTER_OPTIONS,
  API_SERVER_OPTIONS,
  AUDIT_OPTIONS,
  AUTH_OPTIONS,
  CLOSE_OPTIONS,
  FORWARDING_OPTIONS,
  GUARD_OPTIONS,
  HOST_KEYS,
} from "./option-tables.js";

/** Options of a server over SSH. */
export interface ServeOptions
  extends ApiServerOptions,
    AuditOptions,
    AdapterOptions,
    Omit<ListenOptions, "observer" | "scopes" | "ident" | "accounts"> {
  /** The server's logger; false for none. Default: pino at level `info`, to standard error. */
  readonly log?: Logger | false;
}

const SERVE_OPTIONS = {
  ...API_SERVER_OPTIONS,
  ...AUDIT_OPTIONS,
  ...ADAPTER_OPTIONS,
  ...AUTH_OPTIONS,
  ...FORWARDING_OPTIONS,
  ...GUARD_OPTIONS,
  host: true,
  port: true,
  hostKeys: HOST_KEYS,
  maxChannels: true,
  log: true,
} satisfies OptionTable<ServeOptions>;

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

/**
 * As {@link serveApi}, for handlers that are bound already. The modules of a server are loaded here, because a generated
 * client imports this module, too.
 */
export async function serveHandlers<Callbacks = undefined>(
  handlers: ApiHandlers<Callbacks>,
  options: ServeOptions,
): Promise<Server<Callbacks>> {
  try {
    checkOptions(options, SERVE_OPTIONS);
    return await open(handlers, options);
  } catch (error) {
    throw toBadRequest(error);
  }
}

async function open<Callbacks>(handlers: ApiHandlers<Callbacks>, options: ServeOptions): Promise<Server<Callbacks>> {
  const [{ listen }, { MAX_CONNECTIONS }, { openServer }, { openLog }, { buildAdapters }] = await Promise.all([
    import("../ssh/server/listen.js"),
    import("../ssh/admission/guard-config.js"),
    import("./open-server.js"),
    import("./open-log.js"),
    import("../adapters/adapters.js"),
  ]);
  const log = await openLog(options.log, "info");
  const { maxConnections = MAX_CONNECTIONS } = options;
  let listener: Listener | undefined;
  const authorizedKeyCount = (): number | undefined => listener?.authorizedKeys;
  const opened = await openServer(handlers, { ...options, maxConnections, log, authorizedKeyCount });
  const { server, scopes, observer } = opened;
  const listenOptions = { ...options, accounts: server.accounts, scopes, observer, ident: IDENT };
  const start = async () => listen(listenOptions, buildAdapters({ ...options, server, log, observer }));
  const listening = await start().catch(async (error) => {
    await opened.close();
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
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
