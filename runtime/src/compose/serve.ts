import type { AdapterOptions } from "../adapters/adapter-options.js";
import { checkOptions, type OptionTable } from "../base/check-options.js";
import type { Logger } from "../base/log.js";
import type { Api } from "../contract/method.js";
import type { AuditOptions } from "../observe/audit-options.js";
import { type ApiHandlers, bindHandlers } from "../server/api-handlers.js";
import type { CloseOptions } from "../server/api-server.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import type { ConnectedClient } from "../server/call/context.js";
import type { ListenOptions } from "../ssh/server/listen-options.js";
import {
  ADAPTER_OPTIONS,
  API_SERVER_OPTIONS,
  AUDIT_OPTIONS,
  AUTH_OPTIONS,
  CLOSE_OPTIONS,
  FORWARDING_OPTIONS,
  GUARD_OPTIONS,
} from "./option-tables.js";

/** Options of a server over SSH. */
export interface ServeOptions
  extends ApiServerOptions,
    AuditOptions,
    AdapterOptions,
    Omit<ListenOptions, "log" | "scopes"> {
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
  hostKeys: true,
  maxChannels: true,
  log: true,
} satisfies OptionTable<ServeOptions>;

/**
 * A running server. Its owner closes it. `Callbacks` has the methods that the schema declares for the connecting side.
 */
export interface Server<Callbacks = undefined> extends AsyncDisposable {
  /** The address it listens on. */
  readonly host: string;
  /** The port it listens on: the assigned one where the option is 0. */
  readonly port: number;
  /** Its host keys as lines for known_hosts, without the host: `ssh-ed25519 AAAA…`. */
  readonly hostKeys: readonly string[];
  /** The fingerprints of its host keys, in the same order: `SHA256:…`. */
  readonly fingerprints: readonly string[];
  /** The peers that are connected, each with a client of the callbacks that it serves. */
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
 * @throws Error that names the invalid file, address or option
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
  checkOptions(options, SERVE_OPTIONS);
  const [{ listen }, { openServer }, { openLog }, { buildAdapters }] = await Promise.all([
    import("../ssh/server/listen.js"),
    import("./open-server.js"),
    import("./open-log.js"),
    import("../adapters/adapters.js"),
  ]);
  const log = await openLog(options.log, "info");
  const opened = await openServer(handlers, { ...options, log });
  const { server, scopes } = opened;
  const start = async () => listen({ ...options, scopes, log: opened.log }, buildAdapters({ ...options, server, log }));
  const listener = await start().catch(async (error) => {
    await opened.close();
    throw error;
  });
  const close = async (closeOptions: CloseOptions = {}): Promise<void> => {
    checkOptions(closeOptions, CLOSE_OPTIONS);
    await opened.close(closeOptions, listener);
  };
  const { host, port, hostKeys, fingerprints } = listener;
  return {
    host,
    port,
    hostKeys,
    fingerprints,
    get clients() {
      return server.clients as readonly ConnectedClient<Callbacks>[];
    },
    reauthorize: () => listener.reauthorize(),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
