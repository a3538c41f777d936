import type { KeyAccount } from "./key-account.js";
import { type Excess, type Quotas, RETRY_AFTER, type Resource } from "./quotas.js";

/** What one connection holds. Everything that it holds is given back when it is closed. */
export class ConnectionAccount {
  readonly #key: KeyAccount;
  readonly #quotas: Quotas;
  readonly #held: Record<Resource, number> = { connections: 0, calls: 0, bytes: 0 };

  constructor(key: KeyAccount, quotas: Quotas) {
    this.#key = key;
    this.#quotas = quotas;
  }

  /** The account of its key. */
  get key(): KeyAccount {
    return this.#key;
  }

  /** How much is held. */
  held(resource: Resource): number {
    return this.#held[resource];
  }

  /** Takes an amount, until it is given back, or tells why not: then nothing is taken. */
  take(resource: Resource, amount: number): Excess | undefined {
    const limit = this.#quotas[resource];
    const sum = this.#held[resource] + amount;
    if (limit !== undefined && sum > limit) return { resource, level: "connection", limit, retryAfter: RETRY_AFTER };
    const excess = this.#key.take(resource, amount);
    if (excess === undefined) this.#held[resource] = sum;
    return excess;
  }

  /** Gives back what was taken. */
  give(resource: Resource, amount: number): void {
    this.#held[resource] -= amount;
    this.#key.give(resource, amount);
  }
}
