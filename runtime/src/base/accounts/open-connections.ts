import type { Peer } from "../peer.js";
import type { ConnectionAccount } from "./connection-account.js";
import { type Excess, overLimit } from "./quotas.js";

/** An open connection of an authenticated peer. The functions that end it take the reason for the peer. */
export interface OpenConnection {
  readonly peer: Peer;
  /** Ends it, because another key needs its place. */
  readonly evict: (reason: string) => void;
  /** Ends it, because an operator wants it. */
  readonly end: (reason: string) => void;
  /** Bytes of its transport so far. */
  readonly traffic: () => { readonly bytesIn: number; readonly bytesOut: number };
}

/** One that has a place, since a time in ms since 1970. */
interface PlacedConnection extends OpenConnection {
  readonly since: number;
}

/**
 * The open connections of a server. At its limit, a key with less than its share, the limit divided by the number of keys, still
 * gets a place: the key with most connections loses its newest one that runs no call, or else its newest one.
 */
export class OpenConnections {
  #limit: number;
  /** In the order of their logins. */
  readonly #open = new Map<ConnectionAccount, PlacedConnection>();

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** Sets another limit. Connections above it stay open. */
  limit(limit = Number.POSITIVE_INFINITY): void {
    this.#limit = limit;
  }

  /** Adds a connection, which its key counts already, or tells why it gets no place. */
  add(account: ConnectionAccount, connection: OpenConnection): Excess | undefined {
    if (this.#open.size >= this.#limit && !this.#evictFor(account)) {
      return overLimit("connections", "server", this.#limit, 1);
    }
    this.#open.set(account, { ...connection, since: Date.now() });
    return undefined;
  }

  /** Removes one; false if that has happened. */
  remove(account: ConnectionAccount): boolean {
    return this.#open.delete(account);
  }

  /** The connections, in the order of their logins. */
  get all(): ReadonlyMap<ConnectionAccount, PlacedConnection> {
    return this.#open;
  }

  #evictFor({ key }: ConnectionAccount): boolean {
    const all = [...this.#open.keys()];
    const keys = new Set([key, ...all.map((account) => account.key)]);
    if (key.connections.held > this.#limit / keys.size) return false;
    const most = Math.max(...[...keys].map(({ connections }) => connections.held));
    const candidates = all.filter((account) => account.key.connections.held === most).reverse();
    const evicted = candidates.find((account) => account.held("calls") === 0) ?? candidates[0];
    const connection = evicted && this.#open.get(evicted);
    connection?.evict(
      "another key needs the place: the server is at maxConnections, and this key has the most connections",
    );
    return connection !== undefined;
  }
}
