import type { Observer } from "../base/observer/observer.js";
import type { Connection } from "../wire/connection.js";
import type { ServerLedger } from "./keyed/run-once.js";
import type { LocalCalls } from "./local/local-calls.js";
import type { OpenSessions } from "./open-sessions.js";

/** How a server closes. */
export interface CloseOptions {
  /**
   * Time in ms before anything else: `GET /sshrpc/health` says `draining` and everything is served as before, so that load balancers take the
   * server out before it refuses connections. Default: 0.
   */
  readonly delay?: number;
  /**
   * Time in ms for running calls to finish. Meanwhile new calls are refused, and clients are asked to connect elsewhere.
   * Default: 0.
   */
  readonly grace?: number;
}

interface ShutdownConfig {
  readonly observer: Observer;
  readonly connections: ReadonlyMap<Connection, unknown>;
  /** The number of running calls. */
  readonly calls: () => number;
  /** The calls of adapters. */
  readonly local: Pick<LocalCalls, "drain" | "stop">;
  readonly sessions: Pick<OpenSessions, "close" | "ended">;
  readonly ledger: ServerLedger | undefined;
}

/** The reason that callers get. */
export const CLOSING = "the server is closing";

/** The shutdown of a server: an announcement, during which it still serves, and a drain. */
export class Shutdown {
  readonly #config: ShutdownConfig;
  #isAnnounced = false;
  #isClosing = false;
  #cut = 0;
  #end: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(config: ShutdownConfig) {
    this.#config = config;
  }

  /** Whether it has been announced, or has begun. */
  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  /** The number of calls that were still running at its end, and were ended. */
  get cut(): number {
    return this.#cut;
  }

  /** Whether new connections and calls are refused. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Health says from now on that the server shuts down. Resolves after the delay, or once the server closes. */
  async announce(delay: number): Promise<void> {
    this.#isAnnounced = true;
    if (delay === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const passed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, delay);
    });
    await Promise.race([passed, this.#ended]);
    clearTimeout(timer);
  }

  /**
   * Refuses new connections and calls. Within the grace, clients are asked to connect elsewhere, running calls may finish, and sessions
   * answer what they have received; then calls end with UNAVAILABLE, and all connections are closed.
   */
  async close(grace: number): Promise<void> {
    const { connections, calls, local, sessions, ledger } = this.#config;
    this.#isAnnounced = this.#isClosing = true;
    this.#end();
    sessions.close();
    if (grace > 0) await this.#drain(grace);
    this.#cut = Math.max(this.#cut, calls());
    local.stop(CLOSING);
    ledger?.detached.stop(CLOSING);
    await Promise.all([...connections.keys()].map((connection) => connection.close(CLOSING)));
    await ledger?.ledger.close?.();
  }

  /** Resolves when all connections are closed, or the grace is over. */
  async #drain(grace: number): Promise<void> {
    const { observer, calls, local, sessions, ledger } = this.#config;
    let timer: NodeJS.Timeout | undefined;
    const graceOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, grace);
    });
    const connections = [...this.#config.connections.keys()];
    const start = performance.now();
    observer.drainStarted?.({ grace, connections: connections.length, calls: calls() });
    for (const connection of connections) connection.drain(CLOSING);
    const ended = [
      ...[local.drain(CLOSING), sessions.ended(), ledger?.detached.drain()],
      ...connections.map(({ closed }) => closed),
    ];
    await Promise.race([graceOver, Promise.all(ended)]);
    clearTimeout(timer);
    observer.drainEnded?.({ milliseconds: performance.now() - start, calls: calls() });
  }
}
