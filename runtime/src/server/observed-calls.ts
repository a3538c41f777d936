import type { Logger } from "../base/log.js";
import { combineObservers } from "../base/observer/combine-observers.js";
import type { Observer } from "../base/observer/observer.js";
import type { Peer } from "../base/peer.js";
import { BUILT_IN_API } from "../contract/built-in/built-in-api.js";
import type { Method } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { CallObserver } from "../wire/call-observer.js";
import type { Connection } from "../wire/connection.js";
import { CallStatistics } from "./built-in/call-statistics.js";
import type { ServedPeer } from "./connected-clients.js";
import type { LocalCalls } from "./local/local-calls.js";
import { reportCalls } from "./report-calls.js";
import type { Router } from "./router.js";

interface ObservedCallsConfig {
  readonly router: () => Router;
  /** The calls of adapters. */
  readonly local: () => LocalCalls;
  /** That of the options. */
  readonly observer: Observer;
  readonly log: Logger;
  readonly methods: readonly Method[];
  /** The connections of the native wire. */
  readonly connections: ReadonlyMap<Connection, ServedPeer>;
}

/**
 * Reports the calls of a server to its observers, and counts them from the first status call on. Before, and without an observer of calls,
 * those of the native wire are not even measured.
 */
export class ObservedCalls {
  readonly statistics: CallStatistics;
  /** Passes events to the observers, and calls to the statistics. */
  readonly counting: Observer;
  readonly #config: ObservedCallsConfig;

  constructor(config: ObservedCallsConfig) {
    const { observer, log, methods } = config;
    this.#config = config;
    this.statistics = new CallStatistics([...methods, ...BUILT_IN_API.methods]);
    this.counting = combineObservers([observer, { callEnded: this.statistics.ended }], log);
  }

  /** Begins to count, also the calls of connections that are open already. */
  start(): void {
    if (this.statistics.isStarted) return;
    this.statistics.start();
    for (const [connection, { peer }] of this.#config.connections) {
      connection.incoming.observe(this.of(peer, () => connection));
    }
  }

  /** The observer of the calls of a connection. */
  of(peer: Peer, connection: () => Connection): CallObserver | undefined {
    const observer = this.statistics.isStarted ? this.counting : this.#config.observer;
    const reference = (method: number): string | undefined => connection().remote?.methods[method];
    return reportCalls(observer, { peer, router: this.#config.router(), reference });
  }

  /** The methods of the calls that run; undefined for those that do not exist. */
  *running(): Iterable<Method | undefined> {
    yield* this.#config.local().methods;
    const router = this.#config.router();
    for (const { remote, incoming } of this.#config.connections.keys()) {
      for (const index of incoming.methods) {
        const route = router.find(remote?.methods[index] ?? "");
        yield route instanceof RpcError ? undefined : route.method;
      }
    }
  }

  /** The peers whose calls adapters run. */
  callers(): Iterable<Peer> {
    return this.#config.local().callers;
  }
}
