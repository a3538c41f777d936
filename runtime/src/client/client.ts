import { AGENT } from "../agent.js";
import type { Api } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { Transport } from "../transport.js";
import { Connection } from "../wire/connection.js";
import { type Limits, resolveLimits } from "../wire/limits.js";
import { type BoundMethod, bindMethod } from "./bind-method.js";
import type { MethodBinding } from "./client-call.js";

/** What every generated client has beside its resources. Whoever connects closes it. */
export interface Client extends AsyncDisposable {
  /** Ends the connection. Calls that have no status yet end with UNAVAILABLE. */
  close(): Promise<void>;
}

/** How a client calls, whatever the transport. */
export interface ClientOptions {
  /** Milliseconds that a call may take where neither it nor its method says. Default: 30,000. */
  readonly timeout?: number;
  /** See {@link Limits}. */
  readonly limits?: Partial<Limits>;
  /** Stops the attempt to connect when it aborts; later it does nothing. */
  readonly signal?: AbortSignal;
}

/** Milliseconds that a call may take where nobody says. */
const DEFAULT_TIMEOUT = 30_000;

/**
 * Opens the transport, agrees on the wire with the server, and gives a client of the API.
 * @throws RpcError UNAVAILABLE or UNAUTHENTICATED where the transport cannot be opened; UNAVAILABLE where the other
 * side is no sshrpc server; CANCELLED where the signal aborted
 */
export async function openClient<C extends Client>(
  api: Api,
  transport: Transport,
  options: ClientOptions = {},
): Promise<C> {
  const { signal } = options;
  const limits = resolveLimits(options.limits);
  if (signal?.aborted) throw cancelled(signal);
  const duplex = await transport.open(signal);
  const connection = new Connection(duplex, {
    role: "dialer",
    hello: {
      agent: AGENT,
      ...(api.hash !== "" && { api: { name: api.name, version: api.version, hash: api.hash } }),
      methods: api.methods.map(({ id }) => id),
    },
    limits,
    other: `the server at ${transport.address}`,
  });
  await ready(connection, signal);
  const timeout = options.timeout ?? DEFAULT_TIMEOUT;
  return bindClient<C>(
    api.methods.map((method, index) => ({
      connection,
      method,
      index,
      timeout,
      maxMetadata: limits.metadata,
      window: limits.window,
    })),
    connection,
  );
}

/** Waits for the server's HELLO, as long as the caller wants to. */
async function ready(connection: Connection, signal: AbortSignal | undefined): Promise<void> {
  const stop = (): void => void connection.close("the client gave up");
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    await connection.ready;
  } catch (error) {
    throw signal?.aborted ? cancelled(signal) : error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function cancelled(signal: AbortSignal): RpcError {
  return new RpcError("CANCELLED", "the attempt to connect was cancelled", { cause: signal.reason });
}

/** Builds the object that generated interfaces describe: a property for each resource, a function for each verb. */
function bindClient<C extends Client>(bindings: readonly MethodBinding[], connection: Connection): C {
  const close = async (): Promise<void> => {
    await connection.close("the client is done");
  };
  const client: Record<PropertyKey, unknown> = { close, [Symbol.asyncDispose]: close };
  for (const binding of bindings) {
    const { resource, verb } = binding.method;
    // Not ??=, which finds what every object inherits.
    if (!Object.hasOwn(client, resource)) client[resource] = {};
    (client[resource] as Record<string, BoundMethod>)[verb.toLowerCase()] = bindMethod(binding);
  }
  return client as unknown as C;
}
