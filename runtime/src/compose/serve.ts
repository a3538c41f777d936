import type { AdapterOptions } from "../adapters/adapter-options.js";
import { checkOptions, type OptionTable } from "../base/check-options.js";
import { type Logger, SILENT } from "../base/log.js";
import type { Api } from "../contract/method.js";
import type { AuditOptions } from "../observe/audit-options.js";
import { type ApiHandlers, bindHandlers } from "../server/api-handlers.js";
import { ApiServer, type CloseOptions } from "../server/api-server.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import type { ConnectedClient } from "../server/call/context.js";
import { checkGrace } from "../server/check-grace.js";
import type { ListenOptions } from "../ssh/server/listen-options.js";
import { callbacksOf } from "./callbacks.js";
import {
  ADAPTER_OPTIONS,
  API_SERVER_OPTIONS,
  AUDIT_OPTIONS,
  AUTH_OPTIONS,
  FORWARDING_OPTIONS,
  GUARD_OPTIONS,
} from "./option-tables.js";

/** How a server listens and answers. */
export interface ServeOptions
  extends ApiServerOptions,
    AuditOptions,
    AdapterOptions,
    Omit<ListenOptions, "log" | "scopes"> {
  /** Where the server logs; false for nowhere. Default: pino at level `info`, to standard error. */
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

const CLOSE_OPTIONS = { grace: true } satisfies OptionTable<CloseOptions>;

/**
 * A running server. Whoever started it closes it. `Callbacks` has the methods that the schema declares for the
 * connecting side.
 */
export interface Server<Callbacks = undefined> extends AsyncDisposable {
  /** The address it listens on. */
  readonly host: string;
  /** The port it listens on: the real one, where 0 was asked for. */
  readonly port: number;
  /** Its host keys as lines for known_hosts, without the host: `ssh-ed25519 AAAA…`. */
  readonly hostKeys: readonly string[];
  /** The fingerprints of its host keys, in the same order: `SHA256:…`. */
  readonly fingerprints: readonly string[];
  /** Who is connected at this moment, each with the methods that it serves in turn. */
  readonly clients: readonly ConnectedClient<Callbacks>[];
  /**
   * Looks up again what every client may do, after a function in the options (`authorizedKeys`, `certificateAuthorities`)
   * has come to answer otherwise: who is let in no more is cut off, and others hold the scopes they have now. Lists in files
   * are followed without it.
   */
  reauthorize(): void;
  /**
   * Stops listening, and ends all connections. With a grace, running calls may finish first, while clients go elsewhere
   * without losing one; what is left then is stopped, and ends with UNAVAILABLE. A second call may shorten the grace.
   */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Serves handlers over SSH. Generated code calls it.
 * @throws Error that says which file, address or option is at fault
 */
export async function serveApi<Callbacks = undefined>(
  api: Api,
  handlers: object,
  options: ServeOptions,
): Promise<Server<Callbacks>> {
  return serveHandlers(bindHandlers<Callbacks>(api, handlers), options);
}

/**
 * See {@link serveApi}; for handlers that are bound already. What only a server needs is loaded here, because a
 * generated client imports this module too.
 */
export async function serveHandlers<Callbacks = undefined>(
  handlers: ApiHandlers<Callbacks>,
  options: ServeOptions,
): Promise<Server<Callbacks>> {
  checkOptions(options, SERVE_OPTIONS);
  const [{ listen }, { openAuditLog }, { channelHandlers: waysIn }, { pino }] = await Promise.all([
    import("../ssh/server/listen.js"),
    import("../observe/audit-log.js"),
    import("../adapters/adapters.js"),
    import("pino"),
  ]);
  const log = options.log === false ? SILENT : (options.log ?? pino({ level: "info" }, pino.destination(2)));
  const audit = await openAuditLog(options, log);
  const start = async () => {
    const onCall = audit.onCall(options.onCall);
    const server = new ApiServer(handlers, { ...options, log, ...(onCall && { onCall }) }, callbacksOf(handlers.api));
    const scopes = [...new Set(handlers.api.methods.flatMap(({ scope }) => scope ?? []))];
    const ways = waysIn(server, { ...options, log });
    return { server, listener: await listen({ ...options, scopes, log: audit.with(log) }, ways) };
  };
  const { server, listener } = await start().catch(async (error) => {
    await audit.close();
    throw error;
  });
  const close = async (options: CloseOptions = {}): Promise<void> => {
    // Before anything ends: a server of which half is closed helps nobody.
    checkOptions(options, CLOSE_OPTIONS);
    checkGrace(options.grace ?? 0);
    const stopped = listener.stop();
    await server.close(options);
    await Promise.all([stopped, listener.close()]);
    await audit.close();
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
