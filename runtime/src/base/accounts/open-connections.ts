import type { ConnectionAccount } from "./connection-account.js";
import { type Excess, overLimit } from "./quotas.js";

type Evict = (reason: string) => void;

/**
 * The open connections of a server. At its limit, a key with less than its share, the limit divided by the number of keys, still
 * gets a place: the key with most connections loses its newest one that runs no call, or else its newest one.
 */
export class OpenConnections {
  #limit: number;
  /** In the order of their logins. */
  readonly #open = new Map<ConnectionAccount, Evict>();

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** Sets another limit. Connections above it stay open. */
  limit(limit = Number.POSITIVE_INFINITY): void {
    this.#limit = limit;
  }

  /** Adds a connection, which its key counts already, or tells why it gets no place. */
  add(account: ConnectionAccount, evict: Evict): Excess | undefined {
    if (this.#open.size >= this.#limit && !this.#evictFor(account)) {
      return overLimit("connections", "server", this.#limit, 1);
    }
    this.#open.set(account, evict);
    return undefined;
  }

  /** Removes one; false if that has happened. */
  remove(account: ConnectionAccount): boolean {
    return this.#open.delete(account);
  }

  #evictFor({ key }: ConnectionAccount): boolean {
    const all = [...this.#open.keys()];
    const keys = new Set([key, ...all.map((account) => account.key)]);
    if (key.connections.held > this.#limit / keys.size) return false;
    const most = Math.max(...[...keys].map(({ connections }) => connections.held));
    const candidates = all.filter((account) => account.key.connections.held === most).reverse();
    const evicted = candidates.find((account) => account.held("calls") === 0) ?? candidates[0];
    const evict = evicted && this.#open.get(evicted);
    evict?.("another key needs the place: the server is at maxConnections, and this key has the most connections");
    return evict !== undefined;
  }
}
