import type { Duplex } from "node:stream";
import { errorMessage } from "../../base/error-message.js";
import type { Transport } from "../../base/transport.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import type { Backoff } from "./backoff.js";
import type { ConnectionState } from "./connection-state.js";
import { openDuplex } from "./open-duplex.js";

/** What a link must know of its connection. */
export interface LinkHooks {
  readonly onDrain: () => void;
  readonly onEnd: (reason: RpcError) => void;
}

/** What all links of a client share. */
export interface LinkConfig {
  /** Puts the multiplexer on a duplex. */
  readonly connect: (duplex: Duplex, transport: Transport, hooks: LinkHooks) => Connection;
  readonly backoff: Backoff;
  /** Whether a connection that was lost is made again. */
  readonly reconnect: boolean;
}

/** What another attempt cannot change: somebody has to do something first. */
const LASTING = new Set<string>(["UNAUTHENTICATED", "FORBIDDEN", "BAD_REQUEST"]);

/**
 * The way to one host: at most one connection that takes calls, made again when it is lost, and the old ones that are
 * being drained. Whoever makes a link closes it.
 */
export class Link {
  readonly #transport: Transport;
  readonly #config: LinkConfig;
  readonly #changed: () => void;
  readonly #draining = new Set<Connection>();
  #connection: Connection | undefined;
  #attempt: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #held = false;
  #error: RpcError | undefined;
  /** Attempts and short-lived connections in a row. */
  #failures = 0;
  /** How long the latest attempt was waited for. */
  #waited = 0;
  #readyAt = 0;
  #stoppedAt = 0;
  /** Whether the host has let this client in before. */
  #known = false;
  /** Refusals in a row. */
  #refusals = 0;
  #closed = false;

  /** @param changed called after each change of what the getters say, at once */
  constructor(transport: Transport, config: LinkConfig, changed: () => void) {
    this.#transport = transport;
    this.#config = config;
    this.#changed = changed;
  }

  /** The connection that takes calls, if there is one. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Why there is no connection. */
  get error(): RpcError | undefined {
    return this.#error;
  }

  /** Whether a connection is on its way. */
  get trying(): boolean {
    return this.#attempt !== undefined || this.#timer !== undefined;
  }

  get state(): ConnectionState {
    if (this.#closed) return "closed";
    if (this.#connection !== undefined) return "ready";
    if (this.#draining.size > 0) return "draining";
    return this.trying ? "connecting" : "closed";
  }

  /** Makes a connection. It rejects where this attempt fails, whether or not the link goes on trying. */
  async dial(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt = new AbortController();
    try {
      this.#ready(await this.#connect(this.#attempt.signal));
    } catch (error) {
      this.#failed(toRpcError(error));
      throw error;
    }
  }

  /** Tries again where the link had stopped: a call asks for it. More often than `minDelay` it does not. */
  wake(): void {
    const { backoff, reconnect } = this.#config;
    if (this.state !== "closed" || this.#closed || !reconnect) return;
    if (performance.now() - this.#stoppedAt >= backoff.minDelay) this.#dial();
  }

  /** Whether a call waits: then the next attempt keeps the process alive. An idle client must not. */
  hold(held: boolean): void {
    this.#held = held;
    if (held) this.#timer?.ref();
    else this.#timer?.unref();
  }

  /** Ends all its connections, and the attempt to make one. */
  async close(reason: string): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt?.abort();
    const connections = [...this.#draining];
    if (this.#connection !== undefined) connections.push(this.#connection);
    this.#connection = undefined;
    await Promise.all(connections.map((connection) => connection.close(reason)));
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    const duplex = await openDuplex(this.#transport, signal);
    const connection = this.#config.connect(duplex, this.#transport, {
      onDrain: () => this.#drained(connection),
      onEnd: (reason) => this.#ended(connection, reason),
    });
    const stop = (): void => void connection.close("the client gave up");
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    try {
      await connection.ready;
    } finally {
      signal.removeEventListener("abort", stop);
    }
    // It may have ended or been drained within the packet that made it ready.
    if (connection.refusal !== undefined) throw connection.refusal;
    return connection;
  }

  #ready(connection: Connection): void {
    this.#attempt = undefined;
    // The attempt was over, and nobody knew yet.
    if (this.#closed) {
      void connection.close("the client gave up");
      throw new RpcError("CANCELLED", "the attempt to connect was cancelled");
    }
    this.#connection = connection;
    this.#error = undefined;
    this.#known = true;
    this.#refusals = 0;
    this.#readyAt = performance.now();
    this.#changed();
  }

  #failed(error: RpcError): void {
    this.#attempt = undefined;
    if (this.#closed) return;
    this.#error = error;
    if (this.#isLasting(error)) this.#stoppedAt = performance.now();
    else this.#later();
    this.#changed();
  }

  /** A server that is killed while it checks a key looks as if it had refused it: one that knew us is asked twice. */
  #isLasting(error: RpcError): boolean {
    if (!LASTING.has(error.status)) return false;
    this.#refusals += 1;
    return !this.#known || this.#refusals > 1;
  }

  /** The connection takes no new calls. The next one is made at once, unless that happened a moment ago, too. */
  #drained(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#leave();
    this.#draining.add(connection);
    if (this.#failures === 0 && this.#config.reconnect) {
      this.#failures = 1;
      this.#waited = this.#config.backoff.minDelay;
      this.#dial();
    } else this.#later();
    this.#changed();
  }

  #ended(connection: Connection, reason: RpcError): void {
    if (this.#draining.delete(connection)) {
      if (!this.#closed) this.#changed();
      return;
    }
    // An attempt that fails says so itself.
    if (connection !== this.#connection) return;
    this.#leave();
    this.#error = reason;
    if (LASTING.has(reason.status)) this.#stoppedAt = performance.now();
    else this.#later();
    this.#changed();
  }

  /** A connection that lasted longer than it was waited for was no failure. */
  #leave(): void {
    this.#connection = undefined;
    if (performance.now() - this.#readyAt > this.#waited) this.#failures = this.#waited = 0;
  }

  #later(): void {
    const { backoff, reconnect } = this.#config;
    if (!reconnect) return;
    this.#waited = backoff.delay(this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#dial(), this.#waited);
    if (!this.#held) this.#timer.unref();
  }

  #dial(): void {
    this.dial().catch(() => undefined);
  }
}

function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  return new RpcError("UNAVAILABLE", errorMessage(error), { cause: error });
}
