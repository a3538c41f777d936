import { checkOptions, type OptionTable } from "../base/check-options.js";
import { printable } from "../base/printable.js";
import type { SshClient } from "../base/ssh-client.js";
import type { Transport } from "../base/transport.js";
import { AGENT } from "../base/version.js";
import type { Api } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { CallReceiver } from "../wire/call-frames.js";
import { Connection } from "../wire/connection.js";
import type { ItemKind } from "../wire/hello.js";
import { type Limits, resolveLimits } from "../wire/limits.js";
import { type BindConfig, bindMethods } from "./call/bind-methods.js";
import type { ClientInterceptor } from "./call/interceptor.js";
import { BACKOFF_OPTIONS, Backoff, type BackoffOptions } from "./connection/backoff.js";
import type { ConnectionState, StateListener } from "./connection/connection-state.js";
import type { LinkConfig } from "./connection/link.js";
import { Links } from "./connection/links.js";

/** What every generated client has beside its resources. Whoever connects closes it. */
export interface Client extends AsyncDisposable {
  /** See {@link ConnectionState}. Of several hosts, the best state counts. */
  readonly state: ConnectionState;
  /** Calls `listener` with each new state, from now on. The function that it gives ends that. */
  on(event: "state", listener: StateListener): () => void;
  /**
   * Plain SSH to the same host, to the first one where there are several: commands, files, connections through it. It has a
   * connection of its own, made at the first use and closed with the client.
   * @throws RpcError UNIMPLEMENTED where the transport is not SSH by ssh2
   */
  readonly ssh: SshClient;
  /** Ends the connection, for good. Calls that have no status yet end with UNAVAILABLE. */
  close(): Promise<void>;
}

/** How a client calls, whatever the transport. */
export interface ClientOptions {
  /**
   * Milliseconds that a unary call may take where neither it nor its method says; one that streams has no limit then.
   * Default: 30,000.
   */
  readonly timeout?: number;
  /** See {@link Limits}. */
  readonly limits?: Partial<Limits>;
  /** Wrap every call, of every kind; the first one is outermost. Default: none. */
  readonly interceptors?: readonly ClientInterceptor[];
  /** Stops the attempt to connect when it aborts; later it does nothing. */
  readonly signal?: AbortSignal;
  /** How long to wait before a connection that was lost is made again; false for never. */
  readonly reconnect?: BackoffOptions | false;
  /**
   * How often a call is sent again where its connection fails, or where it is answered with UNAVAILABLE. A method that is
   * not idempotent is sent again only where it certainly was not begun. Default: 3.
   */
  readonly retries?: number;
}

/** The options of every client. */
export const CLIENT_OPTIONS = {
  timeout: true,
  limits: true,
  interceptors: true,
  signal: true,
  reconnect: BACKOFF_OPTIONS,
  retries: true,
} satisfies OptionTable<ClientOptions>;

/** The options of `options` that {@link openClient} takes. */
export function pickClientOptions(options: ClientOptions): ClientOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(CLIENT_OPTIONS, name)));
}

/** Makes what answers the server's calls on a connection to `address`, which is not there yet. */
export type ServeCallbacks = (address: string, connection: () => Connection) => CallReceiver;

/** Milliseconds that a unary call may take where nobody says. */
const DEFAULT_TIMEOUT = 30_000;

/** How often a call is sent again. */
const DEFAULT_RETRIES = 3;

/**
 * Opens the transport, agrees on the wire with the server, and gives a client of the API. Of several transports, each to
 * a host of its own, the first one that is ready is enough; the others follow. The first attempt decides: after it, what
 * is lost is made again.
 * @param serve answers what the server calls; default: nothing
 * @throws RpcError UNAVAILABLE or UNAUTHENTICATED where the transport cannot be opened; UNAVAILABLE where the other
 * side is no sshrpc server; CANCELLED where the signal aborted
 */
export async function openClient<C extends Client>(
  api: Api,
  transport: Transport | readonly Transport[],
  options: ClientOptions = {},
  serve?: ServeCallbacks,
): Promise<C> {
  checkOptions(options, CLIENT_OPTIONS);
  const { signal, reconnect = {} } = options;
  const limits = resolveLimits(options.limits);
  const transports = [transport].flat() as readonly Transport[];
  if (transports.length === 0) throw new Error("there is no host to connect to: the list is empty");
  const links = new Links(transports, {
    connect: connector(api, limits, serve),
    backoff: new Backoff(reconnect === false ? {} : reconnect),
    reconnect: reconnect !== false,
    retries: checkRetries(options.retries ?? DEFAULT_RETRIES),
    queue: limits.queuedCalls,
  });
  if (signal?.aborted) throw cancelled(signal);
  try {
    await links.open(signal);
  } catch (error) {
    throw signal?.aborted ? cancelled(signal) : error;
  }
  return bindClient<C>(
    api,
    {
      connections: links,
      timeout: options.timeout ?? DEFAULT_TIMEOUT,
      limits,
      interceptors: options.interceptors ?? [],
    },
    links,
    transports[0],
  );
}

/** Puts the multiplexer on each duplex, with what this side says of itself. */
function connector(api: Api, limits: Limits, serve: ServeCallbacks | undefined): LinkConfig["connect"] {
  const hello = {
    agent: AGENT,
    ...(api.hash === "" ? { items: itemsOf(api) } : { api: { name: api.name, version: api.version, hash: api.hash } }),
    methods: api.methods.map(({ id }) => id),
  };
  return (duplex, { address }, hooks) => {
    const receive = serve?.(address, () => connection);
    const connection: Connection = new Connection(duplex, {
      role: "dialer",
      hello,
      limits,
      other: `the server at ${address}`,
      ...(receive && { receive }),
      ...hooks,
    });
    return connection;
  };
}

/** Of an API that was made up, without a contract: its server knows better. */
function itemsOf({ methods }: Api): ItemKind {
  return methods.some(({ responseItem }) => responseItem === "bytes") ? "bytes" : "json";
}

function checkRetries(retries: number): number {
  if (Number.isSafeInteger(retries) && retries >= 0) return retries;
  throw new Error(`retries is ${retries}; it must be a whole number, 0 for none`);
}

function cancelled(signal: AbortSignal): RpcError {
  return new RpcError("CANCELLED", "the attempt to connect was cancelled", { cause: signal.reason });
}

/** Builds the object that generated interfaces describe: a property for each resource, a function for each verb. */
function bindClient<C extends Client>(api: Api, config: BindConfig, links: Links, transport: Transport | undefined): C {
  let ssh: SshClient | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([links.close("the client is done"), ssh?.close()]);
  };
  const on: Client["on"] = (event, listener) => {
    if (event !== "state") {
      throw new RpcError("BAD_REQUEST", `unknown event "${printable(String(event), 60)}"; known events: state`);
    }
    return links.listen(listener);
  };
  const client: Record<PropertyKey, unknown> = { close, on, [Symbol.asyncDispose]: close };
  Object.defineProperty(client, "state", { get: () => links.state, enumerable: true });
  Object.defineProperty(client, "ssh", {
    get: () => {
      ssh ??= transport?.ssh?.();
      if (ssh === undefined) throw new RpcError("UNIMPLEMENTED", `${transport?.address} gives no plain SSH`);
      return ssh;
    },
  });
  return Object.assign(client, bindMethods(api.methods, config)) as unknown as C;
}
