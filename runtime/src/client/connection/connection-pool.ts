import { onRejected } from "../../base/async/on-rejected.js";
import { onAbort } from "../../base/async/with-signal.js";
import { errorMessage } from "../../base/error-message.js";
import type { Transport } from "../../base/transport.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import type { Backoff } from "./backoff.js";
import type { ConnectionSource, WaitingCall } from "./connection-source.js";
import type { ConnectionState, StateListener } from "./connection-state.js";
import { type ConnectConfig, HostConnections } from "./host-connections.js";

/** What a pool needs. */
interface PoolConfig extends ConnectConfig {
  /** Maximum number of retries of one call. */
  readonly retries: number;
  /** Maximum number of calls that wait for a connection. */
  readonly maxQueuedCalls: number;
  /** Called with what a state listener throws, or rejects with. It does not throw. */
  readonly listenerFailed: (error: unknown) => void;
}

/** From best to worst: the pool has the best state of its hosts. */
const STATES: readonly ConnectionState[] = ["ready", "draining", "connecting", "closed"];

/**
 * The connections of a client to all its hosts. Each call goes to the connection with the fewest running calls; without a
 * connection it waits. The owner closes the pool.
 */
export class ConnectionPool implements ConnectionSource {
  readonly retries: number;
  readonly backoff: Backoff;
  readonly #hosts: readonly HostConnections[];
  readonly #maxQueuedCalls: number;
  readonly #listenerFailed: (error: unknown) => void;
  readonly #waiting = new Set<WaitingCall>();
  readonly #listeners = new Set<StateListener>();
  #ready: readonly Connection[] = [];
  #state: ConnectionState = "connecting";
  #turn = 0;
  #closed: RpcError | undefined;

  constructor(transports: readonly Transport[], config: PoolConfig) {
    this.retries = config.retries;
    this.backoff = config.backoff;
    this.#maxQueuedCalls = config.maxQueuedCalls;
    this.#listenerFailed = config.listenerFailed;
    this.#hosts = transports.map((transport) => new HostConnections(transport, config, this.#update));
  }

  /** See {@link ConnectionState}. With several hosts, the best state of any. */
  get state(): ConnectionState {
    return this.#state;
  }

  get error(): RpcError | undefined {
    const errors = this.#hosts.flatMap(({ error }) => error ?? []);
    return this.#closed ?? (errors.length > 0 ? mergeErrors(errors) : undefined);
  }

  /** Connects to all hosts, and resolves when the first one is ready. @throws the errors of the attempts, if all failed */
  async open(signal: AbortSignal | undefined): Promise<void> {
    const stop = (): void => void this.close("the client cancelled the attempt");
    const removeAbort = signal === undefined ? () => {} : onAbort(signal, stop);
    try {
      await Promise.any(this.#hosts.map((host) => host.connect()));
    } catch (error) {
      // A second attempt at one host may have succeeded before the first attempt at another failed.
      if (this.#ready.length > 0) return;
      stop();
      const { errors } = error as AggregateError;
      throw errors.length === 1 ? errors[0] : mergeErrors(errors);
    } finally {
      removeAbort();
    }
  }

  /** Calls `listener` with each new state, until the returned function is called. */
  listen(listener: StateListener): () => void {
    // A separate function for each call: a listener that was added twice is removed once.
    const own: StateListener = (state, reason) => listener(state, reason);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  connection(call?: WaitingCall): Connection | undefined {
    const ready = call === undefined ? this.#ready : this.#ready.filter((connection) => call.accepts(connection));
    return ready.length < 2 ? ready[0] : this.#leastBusy(ready);
  }

  wait(call: WaitingCall): void {
    if (this.#closed !== undefined) throw this.#closed;
    for (const host of this.#hosts) host.wake();
    if (!this.#hosts.some(({ isConnecting }) => isConnecting)) {
      const [unfit] = this.#ready;
      if (unfit === undefined) throw this.error ?? new RpcError("UNAVAILABLE", "no connection");
      call.connected(unfit);
      return;
    }
    if (this.#waiting.size >= this.#maxQueuedCalls) {
      throw new RpcError(
        "RESOURCE_EXHAUSTED",
        `${this.#maxQueuedCalls} calls are waiting for a connection (limits.queuedCalls)`,
      );
    }
    this.#waiting.add(call);
    this.#updateHold();
  }

  forget(call: WaitingCall): void {
    this.#waiting.delete(call);
    this.#updateHold();
  }

  /** Closes all connections permanently. Waiting and running calls end with UNAVAILABLE. */
  async close(reason: string): Promise<void> {
    this.#closed ??= new RpcError("UNAVAILABLE", `the connection was closed: ${reason}`);
    this.#ready = [];
    const closed = this.#hosts.map((host) => host.close(reason));
    this.#failWaiting(this.#closed);
    this.#setState("closed");
    await Promise.all(closed);
  }

  readonly #update = (): void => {
    if (this.#closed !== undefined) return;
    this.#ready = this.#hosts.flatMap(({ connection }) => connection ?? []);
    this.#setState(STATES.find((state) => this.#hosts.some((host) => host.state === state)) as ConnectionState);
    if (this.#ready.length > 0) this.#sendWaiting();
    else if (!this.#hosts.some(({ isConnecting }) => isConnecting)) {
      this.#failWaiting(this.error ?? new RpcError("UNAVAILABLE", "no connection"));
    }
  };

  /** Looks up the connection for each call: an earlier call may have filled or ended it. */
  #sendWaiting(): void {
    for (const call of this.#waiting) {
      if (this.#ready.length === 0) break;
      const connection = this.connection(call) ?? this.#unfit();
      // Another host, to which a connection is being established, may be one that the call accepts.
      if (connection === undefined) continue;
      this.#waiting.delete(call);
      call.connected(connection);
    }
    this.#updateHold();
  }

  /** The connection that tells a call which accepts none why; undefined while another one is being established. */
  #unfit(): Connection | undefined {
    return this.#hosts.some(({ isConnecting }) => isConnecting) ? undefined : this.#ready[0];
  }

  #failWaiting(error: RpcError): void {
    const calls = [...this.#waiting];
    this.#waiting.clear();
    this.#updateHold();
    for (const call of calls) call.unconnected(error);
  }

  /** A waiting stream has no deadline whose timer would keep the process alive, so the hosts do. */
  #updateHold(): void {
    for (const host of this.#hosts) {
      if (this.#waiting.size > 0) host.hold();
      else host.unhold();
    }
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    const reason = state === "ready" ? undefined : this.error;
    // Asynchronous, so that a listener sees a consistent state, and its exceptions do not interrupt this code.
    for (const listener of this.#listeners) {
      queueMicrotask(() => {
        if (!this.#listeners.has(listener)) return;
        try {
          onRejected(listener(state, reason), this.#listenerFailed);
        } catch (error) {
          this.#listenerFailed(error);
        }
      });
    }
  }

  /** Equally busy connections take turns (round robin). */
  #leastBusy(ready: readonly Connection[]): Connection {
    this.#turn += 1;
    let best = ready[this.#turn % ready.length] as Connection;
    for (const connection of ready) if (connection.outgoing.size < best.outgoing.size) best = connection;
    return best;
  }
}

/** One error for several hosts. It is UNAVAILABLE, and so retryable, where one of the errors is. */
function mergeErrors(errors: readonly unknown[]): RpcError {
  const [first] = errors;
  if (errors.length === 1 && first instanceof RpcError) return first;
  const statuses = errors.map((error) => (error instanceof RpcError ? error.status : "UNAVAILABLE"));
  const status = statuses.find((one) => one === "UNAVAILABLE") ?? statuses[0] ?? "UNAVAILABLE";
  const messages = errors.map((error) => errorMessage(error));
  return new RpcError(status, `all hosts failed: ${messages.join("; ")}`, { cause: new AggregateError(errors) });
}
