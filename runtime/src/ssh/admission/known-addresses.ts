/** How many addresses are remembered; beyond it, the one that was not seen for longest is forgotten. */
const LIMIT = 65_536;

/** The addresses that were seen lately. */
export class KnownAddresses {
  readonly #memory: number;
  readonly #limit: number;
  /** When each was last seen; the one seen last comes last. */
  readonly #seen = new Map<string, number>();

  /** @param memory in milliseconds, for which an address is remembered after it was seen */
  constructor(memory: number, limit = LIMIT) {
    this.#memory = memory;
    this.#limit = limit;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#seen.size;
  }

  /** Notes an address, and gives whether it was known. */
  see(address: string, now: number): boolean {
    this.#forget(now);
    const isKnown = this.#seen.delete(address);
    this.#seen.set(address, now);
    return isKnown;
  }

  #forget(now: number): void {
    for (const [address, seen] of this.#seen) {
      if (now - seen < this.#memory && this.#seen.size < this.#limit) return;
      this.#seen.delete(address);
    }
  }
}
