import { ConnectionAccount } from "./connection-account.js";
import { type Excess, type Quotas, RETRY_AFTER, type Resource } from "./quotas.js";
import type { KeyQuotas, ServerAccount } from "./server-account.js";

interface KeyConfig {
  readonly quotas: KeyQuotas;
  /** The quotas of each connection. */
  readonly connection: Quotas;
  /** Called when it holds nothing, and can be forgotten. */
  readonly onIdle: () => void;
}

/** What all connections of one key hold together. */
export class KeyAccount {
  readonly #server: ServerAccount;
  readonly #config: KeyConfig;
  readonly #held: Record<Resource, number> = { connections: 0, calls: 0, bytes: 0 };
  /** Limits of its own, as of its line in authorized_keys. */
  #quotas: KeyQuotas | undefined;
  /** Calls that it may begin now, as of `#refilledAt`. */
  #tokens = Number.POSITIVE_INFINITY;
  #refilledAt = 0;

  constructor(server: ServerAccount, config: KeyConfig) {
    this.#server = server;
    this.#config = config;
  }

  /** How much is held. */
  held(resource: Resource): number {
    return this.#held[resource];
  }

  /** Sets limits of its own, which may have changed with the lists; absent ones are those of every key. */
  limit(quotas: KeyQuotas | undefined): void {
    this.#quotas = quotas;
  }

  /** The account of a new connection, which closes it. Connections are taken by its constructor's caller, with `take`. */
  connection(): ConnectionAccount {
    return new ConnectionAccount(this, this.#config.connection);
  }

  /** Takes an amount, until it is given back, or tells why not: then nothing is taken. */
  take(resource: Resource, amount: number): Excess | undefined {
    const limit = this.#quotas?.[resource] ?? this.#config.quotas[resource];
    const held = this.#held[resource];
    if (limit !== undefined && held + amount > limit) return { resource, level: "key", limit, retryAfter: RETRY_AFTER };
    const excess = this.#server.take(resource, amount, held);
    if (excess === undefined) this.#held[resource] = held + amount;
    return excess;
  }

  /** Gives back what was taken. */
  give(resource: Resource, amount: number): void {
    const held = this.#held[resource] - amount;
    this.#held[resource] = held;
    this.#server.give(resource, amount, held);
    if (held === 0 && resource === "connections") this.#config.onIdle();
  }

  /** One more call begins, within the rate of the key. */
  begin(): Excess | undefined {
    const rate = this.#quotas?.rate ?? this.#config.quotas.rate;
    if (rate === undefined) return undefined;
    const now = performance.now();
    this.#tokens = Math.min(rate, this.#tokens + ((now - this.#refilledAt) * rate) / 1000);
    this.#refilledAt = now;
    if (this.#tokens < 1) {
      const retryAfter = Math.ceil(((1 - this.#tokens) * 1000) / rate);
      return { resource: "rate", level: "key", limit: rate, retryAfter };
    }
    this.#tokens -= 1;
    return undefined;
  }
}
