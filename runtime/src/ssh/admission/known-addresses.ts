/** The maximum number of addresses; beyond it, the least recently seen one is removed. */
export const LIMIT = 65_536;

/** The recently seen addresses. */
export class KnownAddresses {
  readonly #ttl: number;
  readonly #limit: number;
  /** The time of each address, the most recent one last. */
  readonly #seen = new Map<string, number>();

  /** @param ttl milliseconds for which an address is kept after it was seen */
  constructor(ttl: number, limit = LIMIT) {
    this.#ttl = ttl;
    this.#limit = limit;
  }

  /** How many addresses are kept. */
  get size(): number {
    return this.#seen.size;
  }

  /** Records an address, and returns whether it was known. */
  record(address: string, now: number): boolean {
    this.#removeExpired(now);
    const isKnown = this.#seen.delete(address);
    this.#seen.set(address, now);
    return isKnown;
  }

  #removeExpired(now: number): void {
    for (const [address, seen] of this.#seen) {
      if (now - seen < this.#ttl && this.#seen.size < this.#limit) return;
      this.#seen.delete(address);
    }
  }
}
