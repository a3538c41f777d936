import type { Duplex } from "node:stream";
import { onAbort, withSignal } from "../../base/async/with-signal.js";
import { errorMessage } from "../../base/error-message.js";
import type { Observer } from "../../base/observer/observer.js";
import type { Transport } from "../../base/transport.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import type { Backoff } from "./backoff.js";
import type { ConnectionState } from "./connection-state.js";

/** Callbacks of one connection. */
interface ConnectionHooks {
  readonly onDrain: () => void;
  readonly onEnd: (reason: RpcError) => void;
}

/** What the connections of a client to all its hosts share. */
export interface ConnectConfig {
  /** Starts the multiplexer on a duplex. */
  readonly connect: (duplex: Duplex, transport: Transport, hooks: ConnectionHooks) => Connection;
  /** Called when a connection has its HELLO; calls wait until the promise resolves, if there is one. It does not reject. */
  readonly inspect: (connection: Connection, address: string) => Promise<void> | undefined;
  readonly backoff: Backoff;
  /** Whether lost connections are re-established. */
  readonly reconnect: boolean;
  readonly observer: Pick<Observer, "connectFailed">;
}

/** Permanent failures: a user has to change a key, a permission or an option first. */
const PERMANENT = new Set<string>(["UNAUTHENTICATED", "FORBIDDEN", "BAD_REQUEST"]);

/**
 * The connections to one host: at most one that accepts calls, which is re-established with exponential backoff and jitter
 * when it is lost, and older ones that are draining. The owner closes it.
 */
export class HostConnections {
  readonly #transport: Transport;
  readonly #config: ConnectConfig;
  readonly #onChange: () => void;
  readonly #draining = new Set<Connection>();
  #connection: Connection | undefined;
  #attempt: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the backoff timer keeps the process alive. */
  #isHeld = false;
  #error: RpcError | undefined;
  /** Consecutive failed attempts and short-lived connections. */
  #failures = 0;
  /** The delay before the latest attempt, in ms. */
  #lastDelay = 0;
  #readyAt = 0;
  #failedAt = 0;
  /** Whether the server has accepted this client before. */
  #wasAccepted = false;
  /** Consecutive permanent failures. */
  #rejections = 0;
  #closed = false;

  /** @param onChange called synchronously after each change of a getter's value */
  constructor(transport: Transport, config: ConnectConfig, onChange: () => void) {
    this.#transport = transport;
    this.#config = config;
    this.#onChange = onChange;
  }

  /** The connection that accepts calls; undefined where there is none. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** The error of the last connection or attempt. */
  get error(): RpcError | undefined {
    return this.#error;
  }

  /** Whether a connection is being established, or a retry is scheduled. */
  get isConnecting(): boolean {
    return this.#attempt !== undefined || this.#timer !== undefined;
  }

  get state(): ConnectionState {
    if (this.#closed) return "closed";
    if (this.#connection !== undefined) return "ready";
    if (this.#draining.size > 0) return "draining";
    return this.isConnecting ? "connecting" : "closed";
  }

  /** Connects. It rejects where this attempt fails, even where another one is scheduled. */
  async connect(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt = new AbortController();
    try {
      this.#setReady(await this.#open(this.#attempt.signal));
    } catch (error) {
      this.#attemptFailed(asRpcError(error));
      throw error;
    }
  }

  /** Connects again after a permanent failure, because a call asks for it; at most once per `minDelay`. */
  wake(): void {
    const { backoff, reconnect } = this.#config;
    if (this.state !== "closed" || this.#closed || !reconnect) return;
    if (performance.now() - this.#failedAt >= backoff.minDelay) this.#reconnect();
  }

  /** Keeps the process alive until the next attempt, because a call waits for it. */
  hold(): void {
    this.#isHeld = true;
    this.#timer?.ref();
  }

  /** Lets the process end before the next attempt: no call waits. */
  unhold(): void {
    this.#isHeld = false;
    this.#timer?.unref();
  }

  /** Closes all connections and aborts the running attempt. */
  async close(reason: string): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt?.abort();
    const connections = [...this.#draining, ...(this.#connection === undefined ? [] : [this.#connection])];
    this.#connection = undefined;
    await Promise.all(connections.map((connection) => connection.close(reason)));
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    const duplex = await openTransport(this.#transport, signal);
    // Its events are over: nothing would end the attempt.
    if (duplex.destroyed) throw duplex.errored ?? new RpcError("UNAVAILABLE", "the connection was lost as it opened");
    const connection = this.#config.connect(duplex, this.#transport, {
      onDrain: () => this.#onDrain(connection),
      onEnd: (reason) => this.#onEnd(connection, reason),
    });
    const stop = (): void => void connection.close("the client cancelled the attempt");
    const removeAbort = onAbort(signal, stop);
    if (signal.aborted) stop();
    try {
      await connection.ready;
      await this.#config.inspect(connection, this.#transport.address);
    } finally {
      removeAbort();
    }
    // The packet that made it ready may also contain a DRAIN or the end of the stream.
    if (connection.refusal !== undefined) throw connection.refusal;
    return connection;
  }

  #setReady(connection: Connection): void {
    this.#attempt = undefined;
    // close() was called after the attempt had succeeded.
    if (this.#closed) {
      void connection.close("the client cancelled the attempt");
      throw new RpcError("CANCELLED", "the attempt to connect was cancelled");
    }
    this.#connection = connection;
    this.#error = undefined;
    this.#wasAccepted = true;
    this.#rejections = 0;
    this.#readyAt = performance.now();
    this.#onChange();
  }

  #attemptFailed(error: RpcError): void {
    this.#attempt = undefined;
    if (this.#closed) return;
    this.#error = error;
    this.#config.observer.connectFailed?.({ address: this.#transport.address, error });
    if (this.#isPermanent(error)) this.#failedAt = performance.now();
    else this.#scheduleReconnect();
    this.#onChange();
  }

  /**
   * A server killed during authentication is indistinguishable from one that rejected the key, so an attempt is repeated once
   * if the server accepted this client before.
   */
  #isPermanent(error: RpcError): boolean {
    if (!PERMANENT.has(error.status)) return false;
    this.#rejections += 1;
    return !this.#wasAccepted || this.#rejections > 1;
  }

  /** The server drains. The next connection is opened at once, or with backoff if the last one drained just as early. */
  #onDrain(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#detach();
    this.#draining.add(connection);
    if (this.#failures === 0 && this.#config.reconnect) {
      this.#failures = 1;
      this.#lastDelay = this.#config.backoff.minDelay;
      this.#reconnect();
    } else this.#scheduleReconnect();
    this.#onChange();
  }

  #onEnd(connection: Connection, reason: RpcError): void {
    if (this.#draining.delete(connection)) {
      if (!this.#closed) this.#onChange();
      return;
    }
    // A failing attempt reports its own error.
    if (connection !== this.#connection) return;
    this.#detach();
    this.#error = reason;
    if (PERMANENT.has(reason.status)) this.#failedAt = performance.now();
    else this.#scheduleReconnect();
    this.#onChange();
  }

  /** A connection that lasted longer than the delay before it resets the backoff. */
  #detach(): void {
    this.#connection = undefined;
    if (performance.now() - this.#readyAt > this.#lastDelay) this.#failures = this.#lastDelay = 0;
  }

  #scheduleReconnect(): void {
    const { backoff, reconnect } = this.#config;
    if (!reconnect) return;
    this.#lastDelay = backoff.delay(this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#reconnect(), this.#lastDelay);
    if (!this.#isHeld) this.#timer.unref();
  }

  #reconnect(): void {
    this.connect().catch(() => undefined);
  }
}

/**
 * Opens the transport. Even where the transport ignores the signal, an abort rejects at once, and a duplex that opens later is
 * destroyed.
 * @throws RpcError CANCELLED where the signal aborted, or what the transport throws
 */
function openTransport(transport: Transport, signal: AbortSignal): Promise<Duplex> {
  return withSignal(() => transport.open(signal), signal, {
    error: () => new RpcError("CANCELLED", "the attempt to connect was cancelled"),
    onLate: (duplex) => void duplex.on("error", () => undefined).destroy(),
  });
}

function asRpcError(error: unknown): RpcError {
  return error instanceof RpcError ? error : new RpcError("UNAVAILABLE", errorMessage(error), { cause: error });
}
