import { errorMessage } from "../../base/error-message.js";
import type { Transport } from "../../base/transport.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import type { Backoff } from "./backoff.js";
import type { ConnectionSource, WaitingCall } from "./connection-source.js";
import type { ConnectionState, StateListener } from "./connection-state.js";
import { Link, type LinkConfig } from "./link.js";

/** How the links of a client behave. */
export interface LinksConfig extends LinkConfig {
  /** How often one call may be sent again. */
  readonly retries: number;
  /** How many calls may wait for a connection. */
  readonly queue: number;
}

/** From the best to the worst: of several links the best one counts. */
const STATES: readonly ConnectionState[] = ["ready", "draining", "connecting", "closed"];

/**
 * The ways to the hosts of a client, one link each. Calls go to the connection with the fewest open ones; where there is
 * none, they wait. Whoever makes it closes it.
 */
export class Links implements ConnectionSource {
  readonly retries: number;
  readonly backoff: Backoff;
  readonly #links: readonly Link[];
  readonly #maxQueue: number;
  readonly #waiting = new Set<WaitingCall>();
  readonly #listeners = new Set<StateListener>();
  #ready: readonly Connection[] = [];
  #state: ConnectionState = "connecting";
  #turn = 0;
  #closed: RpcError | undefined;

  constructor(transports: readonly Transport[], config: LinksConfig) {
    this.retries = config.retries;
    this.backoff = config.backoff;
    this.#maxQueue = config.queue;
    this.#links = transports.map((transport) => new Link(transport, config, this.#update));
  }

  /** See {@link ConnectionState}. Of several hosts, the best state counts. */
  get state(): ConnectionState {
    return this.#state;
  }

  get error(): RpcError | undefined {
    const errors = this.#links.flatMap(({ error }) => error ?? []);
    return this.#closed ?? (errors.length > 0 ? mergeErrors(errors) : undefined);
  }

  /** Connects to all hosts, and resolves as soon as one is ready. @throws what the attempts failed with, if all did */
  async open(signal: AbortSignal | undefined): Promise<void> {
    const stop = (): void => void this.close("the client gave up");
    signal?.addEventListener("abort", stop);
    try {
      await Promise.any(this.#links.map((link) => link.dial()));
    } catch (error) {
      // A second attempt may have been faster than the last of the first ones.
      if (this.#ready.length > 0) return;
      stop();
      const { errors } = error as AggregateError;
      throw errors.length === 1 ? errors[0] : mergeErrors(errors);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Calls `listener` with each new state, from now on; gives the function that ends that. */
  listen(listener: StateListener): () => void {
    // A function of its own, so that each registration ends alone.
    const own: StateListener = (state, reason) => listener(state, reason);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  connection(): Connection | undefined {
    const ready = this.#ready;
    return ready.length < 2 ? ready[0] : this.#leastBusy(ready);
  }

  wait(call: WaitingCall): void {
    if (this.#closed !== undefined) throw this.#closed;
    for (const link of this.#links) link.wake();
    if (!this.#links.some(({ trying }) => trying)) throw this.error ?? new RpcError("UNAVAILABLE", "no connection");
    if (this.#waiting.size >= this.#maxQueue) {
      throw new RpcError(
        "RESOURCE_EXHAUSTED",
        `${this.#maxQueue} calls wait already for a connection (limits.queuedCalls)`,
      );
    }
    this.#waiting.add(call);
    this.#hold();
  }

  forget(call: WaitingCall): void {
    this.#waiting.delete(call);
    this.#hold();
  }

  /** Ends everything, for good. Calls that wait or run end with UNAVAILABLE. */
  async close(reason: string): Promise<void> {
    this.#closed ??= new RpcError("UNAVAILABLE", `the connection was closed: ${reason}`);
    this.#ready = [];
    const closed = this.#links.map((link) => link.close(reason));
    this.#endWaiting(this.#closed);
    this.#tell("closed");
    await Promise.all(closed);
  }

  readonly #update = (): void => {
    if (this.#closed !== undefined) return;
    this.#ready = this.#links.flatMap(({ connection }) => connection ?? []);
    this.#tell(STATES.find((state) => this.#links.some((link) => link.state === state)) as ConnectionState);
    if (this.#ready.length > 0) this.#serveWaiting();
    else if (!this.#links.some(({ trying }) => trying)) {
      this.#endWaiting(this.error ?? new RpcError("UNAVAILABLE", "no connection"));
    }
  };

  /** Each finds its connection anew: the first ones may have filled theirs, or ended it. */
  #serveWaiting(): void {
    for (const call of this.#waiting) {
      const connection = this.connection();
      if (connection === undefined) break;
      this.#waiting.delete(call);
      call.connected(connection);
    }
    this.#hold();
  }

  #endWaiting(error: RpcError): void {
    const calls = [...this.#waiting];
    this.#waiting.clear();
    this.#hold();
    for (const call of calls) call.unconnected(error);
  }

  /** A stream has no deadline whose timer would keep the process alive while it waits. */
  #hold(): void {
    for (const link of this.#links) link.hold(this.#waiting.size > 0);
  }

  #tell(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    const reason = state === "ready" ? undefined : this.error;
    // Later, so that what a listener does or throws meets nothing half done.
    for (const listener of this.#listeners) {
      queueMicrotask(() => {
        if (this.#listeners.has(listener)) listener(state, reason);
      });
    }
  }

  /** Those that are equally busy take turns. */
  #leastBusy(ready: readonly Connection[]): Connection {
    this.#turn += 1;
    let best = ready[this.#turn % ready.length] as Connection;
    for (const connection of ready) if (connection.outgoing.size < best.outgoing.size) best = connection;
    return best;
  }
}

/** One error for several hosts. A retry may help where it may help with one of them. */
function mergeErrors(errors: readonly unknown[]): RpcError {
  const [first] = errors;
  if (errors.length === 1 && first instanceof RpcError) return first;
  const statuses = errors.map((error) => (error instanceof RpcError ? error.status : "UNAVAILABLE"));
  const status = statuses.find((one) => one === "UNAVAILABLE") ?? statuses[0] ?? "UNAVAILABLE";
  const messages = errors.map((error) => errorMessage(error));
  return new RpcError(status, `no host can be reached: ${messages.join("; ")}`, { cause: new AggregateError(errors) });
}
