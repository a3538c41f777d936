import type { MaxStartups } from "./guard-options.js";

/** An unauthenticated connection. */
export interface Startup {
  /** The network that it comes from, and the host in it. */
  readonly network: string;
  readonly host: string;
  /** When it was opened, in milliseconds of a monotonic clock. */
  readonly since: number;
  /** Ends it, with the reason for the log. */
  refuse(reason: string): void;
}

/** Milliseconds for which connections of a host do not evict each other: a well-behaved client authenticates in that time. */
const HEAD_START = 1000;

/**
 * The unauthenticated connections, and which of them is evicted when there are too many. sshd(8) refuses new ones at
 * random (MaxStartups), so that an attacker with enough open connections keeps most clients out. Here the same
 * probability decides whether one is evicted: of the network with most of them, the oldest one of the host with most of them;
 * within its head start the latest one, for a host with fewer.
 */
export class Startups {
  #limits: Required<MaxStartups>;
  readonly #random: () => number;
  /** By network; within one, the oldest first. */
  readonly #networks = new Map<string, Set<Startup>>();
  #count = 0;

  /** @param random returns numbers from 0 to 1, without 1 */
  constructor(limits: Required<MaxStartups>, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Sets other limits, for new connections. */
  limit(limits: Required<MaxStartups>): void {
    this.#limits = limits;
  }

  /** The number of unauthenticated connections. */
  get count(): number {
    return this.#count;
  }

  /** Adds one, which may evict another; returns undefined, or the reason to refuse it. */
  add(startup: Startup): string | undefined {
    if (this.#isFull()) {
      const reason = `${this.#count} unauthenticated connections (maxStartups)`;
      if (!this.evict(startup, reason)) return reason;
    }
    const others = this.#networks.get(startup.network) ?? new Set();
    this.#networks.set(startup.network, others.add(startup));
    this.#count++;
    return undefined;
  }

  /** Evicts one for another that arrives; false if none may be. */
  evict({ network, host, since }: Omit<Startup, "refuse">, reason: string): boolean {
    const most = this.#ofLargestHost();
    const [oldest] = most;
    if (oldest === undefined) return false;
    const isOver = since - oldest.since >= HEAD_START;
    const own = [...(this.#networks.get(network) ?? [])].filter((startup) => startup.host === host).length;
    const evicted = isOver ? oldest : most.length > own + 1 ? most.at(-1) : undefined;
    if (evicted === undefined) return false;
    this.remove(evicted);
    evicted.refuse(reason);
    return true;
  }

  /** Removes one that has authenticated or closed. */
  remove(startup: Startup): void {
    const others = this.#networks.get(startup.network);
    if (!others?.delete(startup)) return;
    this.#count--;
    if (others.size === 0) this.#networks.delete(startup.network);
  }

  #isFull(): boolean {
    const { start, rate, full } = this.#limits;
    if (this.#count < start) return false;
    if (this.#count >= full) return true;
    const percent = rate + ((100 - rate) * (this.#count - start)) / (full - start);
    return this.#random() * 100 < percent;
  }

  /** Those of the host with most, in the network with most; the oldest first. */
  #ofLargestHost(): readonly Startup[] {
    let largest: Set<Startup> | undefined;
    for (const startups of this.#networks.values()) if (startups.size > (largest?.size ?? 0)) largest = startups;
    const hosts = new Map<string, Startup[]>();
    for (const startup of largest ?? []) {
      const others = hosts.get(startup.host);
      if (others === undefined) hosts.set(startup.host, [startup]);
      else others.push(startup);
    }
    let most: readonly Startup[] = [];
    for (const startups of hosts.values()) if (startups.length > most.length) most = startups;
    return most;
  }
}
