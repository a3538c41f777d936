import { type AccountLevel, type Excess, overLimit, type Resource } from "./quotas.js";

/** The smallest share is the limit divided by this: as many as the connections of a server may be, each of another key. */
const MOST_SHARES = 1024;

/** What a key may have of a limit that is reached. The sum of these shares is bounded for any number of keys; see ServerAccount. */
export function shareOf(limit: number, keys: number): number {
  return limit / Math.min(keys ** 2, MOST_SHARES);
}

// What is held of one resource, at each level. One object for each resource, not one of all resources: they are asked several
// times in each call, and reading a property by a name in a variable takes many times as long.

/** What all keys hold of one resource. */
export class ServerMeter {
  readonly #resource: Resource;
  #limit: number;
  #held = 0;
  /** How many keys hold any. */
  #keys = 0;

  constructor(resource: Resource, limit = Number.POSITIVE_INFINITY) {
    this.#resource = resource;
    this.#limit = limit;
  }

  get held(): number {
    return this.#held;
  }

  /** Sets another limit. What is held above it stays until it is given back. */
  limit(limit = Number.POSITIVE_INFINITY): void {
    this.#limit = limit;
  }

  /** Takes for a key that holds `held` already. */
  take(amount: number, held: number): Excess | undefined {
    if (this.#held + amount > this.#limit) {
      const keys = held === 0 ? this.#keys + 1 : this.#keys;
      if (held + amount > shareOf(this.#limit, keys)) return overLimit(this.#resource, "server", this.#limit, amount);
    }
    this.#held += amount;
    if (held === 0) this.#keys += 1;
    return undefined;
  }

  /** Gives back for a key that holds `held` afterwards. */
  give(amount: number, held: number): void {
    this.#held -= amount;
    if (held === 0) this.#keys -= 1;
  }
}

/** What one key holds of one resource. */
export class KeyMeter {
  readonly #resource: Resource;
  readonly #server: ServerMeter;
  #default: number;
  #limit: number;
  #level: AccountLevel = "key";
  #held = 0;
  #elsewhere = 0;

  constructor(resource: Resource, server: ServerMeter, limit = Number.POSITIVE_INFINITY) {
    this.#resource = resource;
    this.#server = server;
    this.#default = limit;
    this.#limit = limit;
  }

  get held(): number {
    return this.#held;
  }

  /** The most that it may hold; Infinity without a limit. */
  get max(): number {
    return this.#limit;
  }

  /** Sets how much it holds in other processes of the server. */
  setElsewhere(amount: number): void {
    this.#elsewhere = amount;
  }

  /** Sets another limit of every key. */
  limitAll(limit = Number.POSITIVE_INFINITY): void {
    this.#default = limit;
    if (this.#level === "key") this.#limit = limit;
  }

  /** Sets a limit of the key's own; undefined for that of every key. */
  limit(own: number | undefined): void {
    this.#limit = own ?? this.#default;
    this.#level = own === undefined ? "key" : "grant";
  }

  take(amount: number): Excess | undefined {
    const held = this.#held;
    if (held + this.#elsewhere + amount > this.#limit)
      return overLimit(this.#resource, this.#level, this.#limit, amount);
    const excess = this.#server.take(amount, held);
    if (excess === undefined) this.#held = held + amount;
    return excess;
  }

  give(amount: number): void {
    this.#held -= amount;
    this.#server.give(amount, this.#held);
  }
}

/** What one connection holds of one resource. */
export class ConnectionMeter {
  readonly #resource: Resource;
  readonly #key: KeyMeter;
  readonly #limit: number;
  #held = 0;

  constructor(resource: Resource, key: KeyMeter, limit = Number.POSITIVE_INFINITY) {
    this.#resource = resource;
    this.#key = key;
    this.#limit = limit;
  }

  get held(): number {
    return this.#held;
  }

  take(amount: number): Excess | undefined {
    const sum = this.#held + amount;
    if (sum > this.#limit) return overLimit(this.#resource, "connection", this.#limit, amount);
    const excess = this.#key.take(amount);
    if (excess === undefined) this.#held = sum;
    return excess;
  }

  give(amount: number): void {
    this.#held -= amount;
    this.#key.give(amount);
  }
}
