import { KeyAccount } from "./key-account.js";
import { type Excess, type Quotas, RETRY_AFTER, type Resource } from "./quotas.js";

/** The limits of one key. */
export interface KeyQuotas extends Quotas {
  /** Calls that it may begin per second, after a second of as many at once; absent: no limit. */
  readonly rate?: number | undefined;
}

/** How the accounts of a server are limited. */
export interface AccountsConfig {
  /** What all keys may hold together; see {@link ServerAccount.take}. */
  readonly server: Quotas;
  /** What a key may hold, unless it has limits of its own. */
  readonly key: KeyQuotas;
  /** What one connection may hold. */
  readonly connection: Quotas;
}

/**
 * What all keys hold together. At its limit, a key that holds more than its share, which is the limit divided by the keys that
 * hold any, gets no more; the others still get theirs. So one key cannot take the server from the others, and the sum stays
 * below twice the limit.
 */
export class ServerAccount {
  readonly #config: AccountsConfig;
  readonly #keys = new Map<string, KeyAccount>();
  readonly #held: Record<Resource, number> = { connections: 0, calls: 0, bytes: 0 };
  /** How many keys hold any of a resource. */
  readonly #holders: Record<Resource, number> = { connections: 0, calls: 0, bytes: 0 };

  constructor(config: AccountsConfig) {
    this.#config = config;
  }

  /** How much is held. */
  held(resource: Resource): number {
    return this.#held[resource];
  }

  /**
   * The account of a key: the same one for all connections of a key, as long as it holds anything.
   * @param identity what was proven: a fingerprint, or the key id of a certificate
   */
  key(identity: string): KeyAccount {
    const { key, connection } = this.#config;
    const known = this.#keys.get(identity);
    if (known !== undefined) return known;
    const made = new KeyAccount(this, { quotas: key, connection, onIdle: () => this.#keys.delete(identity) });
    this.#keys.set(identity, made);
    return made;
  }

  /** Takes for a key that holds `held` already. Called by the account of the key. */
  take(resource: Resource, amount: number, held: number): Excess | undefined {
    const limit = this.#config.server[resource];
    const sum = this.#held[resource] + amount;
    if (limit !== undefined && sum > limit) {
      const holders = this.#holders[resource] + (held === 0 ? 1 : 0);
      if (held + amount > limit / holders) return { resource, level: "server", limit, retryAfter: RETRY_AFTER };
    }
    this.#held[resource] = sum;
    if (held === 0) this.#holders[resource] += 1;
    return undefined;
  }

  /** Gives back for a key that holds `held` afterwards. Called by the account of the key. */
  give(resource: Resource, amount: number, held: number): void {
    this.#held[resource] -= amount;
    if (held === 0) this.#holders[resource] -= 1;
  }
}
