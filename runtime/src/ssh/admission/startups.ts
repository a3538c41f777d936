import type { MaxStartups } from "./guard-options.js";

/** A connection that has not logged in. */
export interface Waiting {
  /** The network that it comes from. */
  readonly network: string;
  /** When it came, in milliseconds of some clock that only goes forward. */
  readonly since: number;
  /** Ends it, with the reason for the log. */
  refuse(reason: string): void;
}

/** Milliseconds in which nobody has to go: a client that means it has logged in by then. */
const HEAD_START = 1000;

/**
 * The connections that have not logged in, and who of them has to go when there are too many. sshd(8) turns new ones away
 * at random (MaxStartups), so that whoever holds enough connections open keeps most others out. Here the same chance
 * decides whether one has to go, and it falls on the oldest from where most of them come: whoever waits for nothing.
 */
export class Startups {
  readonly #limits: Required<MaxStartups>;
  readonly #random: () => number;
  /** By network; within one, the oldest comes first. */
  readonly #waiting = new Map<string, Set<Waiting>>();
  #count = 0;

  /** @param random gives numbers from 0 up to 1 */
  constructor(limits: Required<MaxStartups>, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** How many wait. */
  get count(): number {
    return this.#count;
  }

  /** Lets one in, for which another may have to go; undefined, or the reason to refuse it. */
  enter(waiting: Waiting): string | undefined {
    if (this.#mustGo()) {
      const reason = `${this.#count} connections have not logged in (maxStartups)`;
      if (!this.makeRoom(waiting.since, reason)) return reason;
    }
    const neighbours = this.#waiting.get(waiting.network) ?? new Set();
    this.#waiting.set(waiting.network, neighbours.add(waiting));
    this.#count++;
    return undefined;
  }

  /** Sends one away for another that comes at `now`; gives whether there was one that has had its time. */
  makeRoom(now: number, reason: string): boolean {
    const oldest = this.#oldestOfMost();
    if (oldest === undefined || now - oldest.since < HEAD_START) return false;
    this.leave(oldest);
    oldest.refuse(reason);
    return true;
  }

  /** It has logged in, or has gone. */
  leave(waiting: Waiting): void {
    const neighbours = this.#waiting.get(waiting.network);
    if (!neighbours?.delete(waiting)) return;
    this.#count--;
    if (neighbours.size === 0) this.#waiting.delete(waiting.network);
  }

  #mustGo(): boolean {
    const { start, rate, full } = this.#limits;
    if (this.#count < start) return false;
    if (this.#count >= full) return true;
    const percent = rate + ((100 - rate) * (this.#count - start)) / (full - start);
    return this.#random() * 100 < percent;
  }

  #oldestOfMost(): Waiting | undefined {
    let most: Set<Waiting> | undefined;
    for (const neighbours of this.#waiting.values()) if (neighbours.size > (most?.size ?? 0)) most = neighbours;
    return most?.values().next().value;
  }
}
