import type { Source } from "./source.js";

/** A key exchange of a connection. */
interface Exchange {
  readonly source: Source;
  /** Whether it is one of Diffie-Hellman, which costs ten times as much as one on a curve. */
  readonly isExpensive: boolean;
  /** Computes it; called at most once. */
  run(): void;
}

/** Milliseconds of key exchanges that run one after the other; a single one may take longer. */
const SLICE = 5;

/** How many times as long as it has computed key exchanges, the event loop then does other work, if it has any. */
export const REST = 2;

/** Milliseconds of a pause after which those on curves continue if the event loop was idle for at least half of it. */
const PAUSE = 1;

/**
 * Runs the key exchanges of a server, so that a flood of them takes at most a third of the time of the event loop from other work, and
 * sources take turns. Those of Diffie-Hellman wait for each other alone: they do not delay those on curves, which clients prefer. A
 * storm of logins meets an idle server more often than not: those on curves, of a millisecond or two, then pause for a millisecond only.
 */
export class ExchangeQueue {
  readonly #cheap = new Turns({ alwaysRests: false });
  readonly #expensive = new Turns({ alwaysRests: true });

  /** Runs an exchange at once, or in its turn. @returns a function that removes it from the queue */
  add(exchange: Exchange): () => void {
    return (exchange.isExpensive ? this.#expensive : this.#cheap).add(exchange);
  }
}

/** Cancels nothing. A function of its own for each exchange would hold it as long as the connection. */
const isRun = (): void => undefined;

type Hosts = Map<string, Set<Exchange>>;

/** Networks take turns, then the hosts of one network; the exchanges of one host are served in order. */
class Turns {
  readonly #alwaysRests: boolean;
  readonly #networks = new Map<string, Hosts>();
  /** Milliseconds of exchanges since the last rest. */
  #spent = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param options whether it rests also while there is no other work */
  constructor({ alwaysRests }: { readonly alwaysRests: boolean }) {
    this.#alwaysRests = alwaysRests;
  }

  add(exchange: Exchange): () => void {
    if (this.#networks.size === 0 && this.#spent < SLICE) {
      this.#run(exchange);
      return isRun;
    }
    const { network, host } = exchange.source;
    const hosts: Hosts = this.#networks.get(network) ?? new Map();
    const waiting = hosts.get(host) ?? new Set();
    this.#networks.set(network, hosts.set(host, waiting.add(exchange)));
    return () => {
      if (!waiting.delete(exchange) || waiting.size > 0) return;
      hosts.delete(host);
      if (hosts.size === 0) this.#networks.delete(network);
    };
  }

  #run({ run }: Exchange): void {
    const start = performance.now();
    try {
      run();
    } finally {
      this.#spent += performance.now() - start;
      this.#rest();
    }
  }

  #rest(): void {
    clearTimeout(this.#timer);
    const rest = this.#spent * REST;
    if (this.#alwaysRests) this.#timer = setTimeout(() => this.#continue(), rest);
    else this.#pause(performance.now() + rest);
  }

  /** Continues at `end`, or as soon as the event loop has been idle. */
  #pause(end: number): void {
    const before = performance.eventLoopUtilization().idle;
    this.#timer = setTimeout(() => {
      const idle = performance.eventLoopUtilization().idle - before;
      if (idle * 2 < PAUSE && performance.now() < end) this.#pause(end);
      else this.#continue();
    }, PAUSE);
  }

  #continue(): void {
    this.#spent = 0;
    while (this.#spent < SLICE) {
      const exchange = this.#next();
      if (exchange === undefined) return;
      this.#run(exchange);
    }
  }

  /** Takes the next exchange; its network and its host go to the end. */
  #next(): Exchange | undefined {
    for (const [network, hosts] of this.#networks) {
      this.#networks.delete(network);
      for (const [host, waiting] of hosts) {
        const [exchange] = waiting;
        waiting.delete(exchange as Exchange);
        hosts.delete(host);
        if (waiting.size > 0) hosts.set(host, waiting);
        if (hosts.size > 0) this.#networks.set(network, hosts);
        return exchange;
      }
    }
    return undefined;
  }
}
