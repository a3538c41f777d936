import { isTimeout } from "../base/async/with-signal.js";
import { checkNumber, MAX_TIMEOUT } from "../base/check-number.js";
import { checkOptions, OptionError, type OptionTable, oneOf } from "../base/check-options.js";
import { type Logger, SILENT } from "../base/log.js";
import { combineObservers } from "../base/observer/combine-observers.js";
import type { Observer } from "../base/observer/observer.js";
import type { Peer } from "../base/peer.js";
import { printable } from "../base/printable.js";
import type { SshClient } from "../base/ssh-client.js";
import type { Transport } from "../base/transport.js";
import { wrongNumber, wrongType } from "../base/wrong-type.js";
import { CONTRACT_METHODS, HASHES } from "../contract/built-in/built-in-api.js";
import { checkDriftPolicy, type DriftPolicy } from "../contract/drift-policy.js";
import type { Api } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { Connection } from "../wire/connection.js";
import { type Limits, resolveLimits, UNARY_TIMEOUT } from "../wire/limits.js";
import { type BindConfig, bindMethods } from "./call/bind-methods.js";
import type { ClientInterceptor } from "./call/interceptor.js";
import { BACKOFF_OPTIONS, Backoff, type BackoffOptions } from "./connection/backoff.js";
import { ConnectionPool } from "./connection/connection-pool.js";
import type { ConnectionState, StateListener } from "./connection/connection-state.js";
import { connector, type ServeCallbacks } from "./connector.js";
import { DriftCheck } from "./drift/drift-check.js";
import { watchDrift } from "./drift/watch-drift.js";
import { callReports, observed } from "./report-client.js";
import { IdempotencyKeys } from "./resend/call-key.js";

/** The members of every generated client besides its resources. The owner closes the client. */
export interface Client extends AsyncDisposable {
  /** See {@link ConnectionState}. With several hosts, the best state of any. */
  readonly state: ConnectionState;
  /**
   * Calls `listener` with each new state, until the returned function is called. Exceptions and rejections of the listener are
   * logged and have no other effect.
   * @throws RpcError BAD_REQUEST for another event than `state`, and for a listener that is not a function
   */
  on(event: "state", listener: StateListener): () => void;
  /**
   * Plain SSH to the same host (the first one of several): commands, files, forwarded connections. It has an SSH connection
   * of its own, which is opened at the first use and closed with the client; with the transport `openssh`, each command has one.
   * @throws RpcError UNIMPLEMENTED where the transport is not SSH, or the protocol is `korv`
   */
  readonly ssh: SshClient;
  /** Closes all connections permanently. Running and waiting calls end with UNAVAILABLE. */
  close(): Promise<void>;
}

/** Options of a client, for any transport. */
export interface ClientOptions {
  /**
   * Timeout in ms of unary calls whose options and method have none; streaming calls have no default timeout.
   * Default: 30,000.
   */
  readonly timeout?: number;
  /** Bounds of messages, calls and streams; see {@link Limits}. */
  readonly limits?: Partial<Limits>;
  /** Interceptors (middleware) around calls of every kind; the first one is outermost. Default: none. */
  readonly interceptors?: readonly ClientInterceptor[];
  /** Aborts the attempt to connect; it has no effect on an established connection. */
  readonly signal?: AbortSignal;
  /** Backoff before lost connections are re-established; false disables reconnecting. */
  readonly reconnect?: BackoffOptions | false;
  /**
   * Maximum number of retries of a call whose connection fails, or whose status is UNAVAILABLE; a stream that resumes has as many after each
   * item that was taken. A method that is not idempotent is retried only if the server certainly did not start it, or has a ledger of
   * idempotency keys that knows whether it did. A call that the server did not start because a limit was
   * reached, RESOURCE_EXHAUSTED, is retried after the time that the server asks for. Default: 3.
   */
  readonly retries?: number;
  /**
   * Receives the events of the client, for metrics, spans or logs: one {@link Observer} or several. What one throws is logged.
   * Calls that fail before they start, such as those with an invalid request, are not reported.
   * Default: none.
   */
  readonly observer?: Observer | readonly Observer[];
  /**
   * What happens where the server was built with another contract, and declares methods differently that this client calls. `"warn"`: the
   * log and the observer get their names, once. `"refuse"`: calls of these methods also fail with UNIMPLEMENTED, before they are sent;
   * those of a server that cannot compare, as one of an earlier version of sshrpc, all fail. `"ignore"`: nothing. Default: warn.
   */
  readonly contractDrift?: DriftPolicy;
}

/** The options of every client. */
export const CLIENT_OPTIONS = {
  timeout: true,
  limits: oneOf("object"),
  interceptors: oneOf("functions"),
  signal: true,
  reconnect: oneOf("false", BACKOFF_OPTIONS),
  retries: true,
  observer: true,
  contractDrift: oneOf("string"),
} satisfies OptionTable<ClientOptions>;

/** The options of `options` that {@link openClient} takes. */
export function pickClientOptions(options: ClientOptions): ClientOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(CLIENT_OPTIONS, name)));
}

/** What a client needs besides its options. */
interface ClientSetup {
  /** Creates the receiver of the server's calls. Default: none. */
  readonly serve?: ServeCallbacks | undefined;
  /** Gets what listeners of the client throw, and differences of contracts. Default: none. */
  readonly log?: Pick<Logger, "error" | "warn">;
}

/** Retries of a call; see {@link ClientOptions.retries}. */
export const DEFAULT_RETRIES = 3;

/**
 * Opens the transport, exchanges HELLOs with the server, and returns a client of the API. With several transports, each to a
 * host of its own, it resolves when the first one is ready. It rejects where the first attempt at every host fails; later
 * losses are re-established.
 * @throws RpcError UNAVAILABLE or UNAUTHENTICATED where the transport cannot be opened; UNAVAILABLE where the peer is not an
 * sshrpc server; CANCELLED where the signal aborted, or DEADLINE_EXCEEDED where it timed out
 */
export async function openClient<C extends Client>(
  api: Api,
  transport: Transport | readonly Transport[],
  options: ClientOptions = {},
  { serve, log = SILENT }: ClientSetup = {},
): Promise<C> {
  checkOptions(options, CLIENT_OPTIONS);
  const { signal, reconnect = {} } = options;
  const limits = resolveLimits(options.limits);
  const { timeout = UNARY_TIMEOUT } = options;
  if (!(timeout > 0 && timeout <= MAX_TIMEOUT)) {
    throw new OptionError(`option timeout: ${wrongNumber(timeout, `a number of ms over 0 and up to ${MAX_TIMEOUT}`)}`);
  }
  const transports = [transport].flat() as readonly Transport[];
  if (transports.length === 0) throw new OptionError("no host to connect to: the list of targets is empty");
  const observer = combineObservers(options.observer, SILENT);
  const servers = new WeakMap<Connection, Peer>();
  const policy = checkDriftPolicy(options.contractDrift);
  const index = api.methods.length + CONTRACT_METHODS.indexOf(HASHES);
  const drift = new DriftCheck({ api, calls: "resources", index, policy, limits });
  const pool = new ConnectionPool(transports, {
    connect: connector(api, limits, serve, observed(observer, servers)),
    inspect: watchDrift({ check: drift, policy, observer, log }),
    observer,
    backoff: new Backoff(reconnect === false ? {} : reconnect),
    reconnect: reconnect !== false,
    retries: checkNumber("retries", options.retries ?? DEFAULT_RETRIES, 0),
    maxQueuedCalls: limits.queuedCalls,
    listenerFailed: (error) => log.error({ err: error }, "a state listener failed"),
  });
  if (signal?.aborted) throw connectCancelled(signal);
  try {
    await pool.open(signal);
  } catch (error) {
    throw signal?.aborted ? connectCancelled(signal) : error;
  }
  return bindClient<C>(
    api,
    {
      connections: pool,
      timeout,
      limits,
      interceptors: options.interceptors ?? [],
      keys: new IdempotencyKeys(),
      drift,
      reports: callReports(observer, servers),
    },
    pool,
    transports[0],
  );
}

function connectCancelled(signal: AbortSignal): RpcError {
  return isTimeout(signal.reason)
    ? new RpcError("DEADLINE_EXCEEDED", "no connection before the option signal timed out", { cause: signal.reason })
    : new RpcError("CANCELLED", "the attempt to connect was cancelled", { cause: signal.reason });
}

/** The built-in methods of each client: as its members they would take names from the resources of a schema. */
const builtIn = new WeakMap<object, ReturnType<typeof bindMethods>>();

/** The built-in methods of the server, bound to the connections of a client; undefined for another object. */
export function builtInOf(client: Client): ReturnType<typeof bindMethods> | undefined {
  return builtIn.get(client);
}

/** Builds the object that generated interfaces describe. */
function bindClient<C extends Client>(
  api: Api,
  config: BindConfig,
  pool: ConnectionPool,
  transport: Transport | undefined,
): C {
  let ssh: SshClient | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([pool.close("the client was closed"), ssh?.close()]);
  };
  const on: Client["on"] = (event, listener) => {
    if (event !== "state") {
      throw new RpcError("BAD_REQUEST", `unknown event "${printable(String(event), 60)}"; known events: state`);
    }
    if (typeof listener !== "function") {
      throw new RpcError("BAD_REQUEST", `the listener of "state": ${wrongType(listener, "a function")}`);
    }
    return pool.listen(listener);
  };
  const client: Record<PropertyKey, unknown> = { close, on, [Symbol.asyncDispose]: close };
  Object.defineProperty(client, "state", { get: () => pool.state, enumerable: true });
  Object.defineProperty(client, "ssh", {
    get: () => {
      ssh ??= transport?.ssh?.();
      if (ssh === undefined)
        throw new RpcError("UNIMPLEMENTED", `the transport to ${transport?.address} does not support plain SSH`);
      return ssh;
    },
  });
  // Contracts that differ do not concern the built-in methods, and no ledger keeps their outcomes.
  const { drift: _drift, keys: _keys, ...ownConfig } = config;
  builtIn.set(client, bindMethods(CONTRACT_METHODS, { ...ownConfig, firstIndex: api.methods.length }));
  return Object.assign(client, bindMethods(api.methods, config)) as unknown as C;
}
