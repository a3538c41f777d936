import type { Peer } from "../peer.js";
import { ConnectionAccount } from "./connection-account.js";
import { identityOf } from "./identity.js";
import { KeyAccount } from "./key-account.js";
import { ServerMeter } from "./meters.js";
import { type OpenConnection, OpenConnections } from "./open-connections.js";
import {
  type Excess,
  type Held,
  HOLDS_NOTHING,
  type KeyQuotas,
  type LimitUsage,
  type Quotas,
  type Resource,
} from "./quotas.js";

/** How the accounts of a server are limited. */
export interface AccountsConfig {
  /** What all keys may hold together; see {@link ServerAccount}. */
  readonly server: Quotas;
  /** What a key may hold, unless it has limits of its own. */
  readonly key: KeyQuotas;
  /** What one connection may hold. */
  readonly connection: Quotas;
}

/** A connection of an authenticated peer, which counts as one of its key. */
interface ConnectionHolder extends OpenConnection {
  /** Limits of the key of its own. */
  readonly limits: KeyQuotas | undefined;
}

/** The number of keys up to which those that hold nothing are remembered. */
const MIN_SWEEP = 64;

/**
 * What all keys hold together. At a limit for calls or bytes, a key gets more only while it holds less than its share: the limit
 * divided by the square of the number of keys that hold any. So one key cannot take the server from the others, and the sum
 * stays below 1.65 times the limit (1 + 1/4 + 1/9 + …); divided by the number alone, the sum of the shares would grow with each
 * key. From 32 keys on, a share stays a 1,024th of the limit, so that it suffices for a client: the sum grows by as much with each. Connections are never more than the limit: see {@link OpenConnections}.
 */
export class ServerAccount {
  #config: AccountsConfig;
  readonly #meters: Readonly<Record<Resource, ServerMeter>>;
  readonly #open: OpenConnections;
  readonly #keys = new Map<string, KeyAccount>();
  readonly #accounts = new WeakMap<Peer, ConnectionAccount>();
  #sweepAt = MIN_SWEEP;
  /** What keys hold in other processes of the server, by identity. */
  readonly #elsewhere = new Map<string, Held>();

  constructor(config: AccountsConfig) {
    const { connections, calls, bytes } = config.server;
    this.#config = config;
    this.#open = new OpenConnections(connections);
    this.#meters = {
      connections: new ServerMeter("connections"),
      calls: new ServerMeter("calls", calls),
      callbacks: new ServerMeter("callbacks"),
      bytes: new ServerMeter("bytes", bytes),
    };
  }

  /** Sets other limits: of the server and of all keys at once, of connections for new ones. What is held above a limit stays. */
  limit(config: AccountsConfig): void {
    this.#config = config;
    this.#open.limit(config.server.connections);
    this.#meters.calls.limit(config.server.calls);
    this.#meters.bytes.limit(config.server.bytes);
    for (const key of this.#keys.values()) key.limitAll(config.key);
  }

  /** How much is held. */
  held(resource: Resource): number {
    return this.#meters[resource].held;
  }

  /** What is held of the limits of the server. */
  get usage(): readonly LimitUsage[] {
    return (["connections", "calls", "bytes"] as const).flatMap((resource) => {
      const limit = this.#config.server[resource];
      return limit === undefined ? [] : [{ resource, held: this.held(resource), limit }];
    });
  }

  /** The connections with a place, in the order of their logins. */
  get connections(): OpenConnections["all"] {
    return this.#open.all;
  }

  /** The accounts of keys by identity, with some that hold nothing any more. */
  get keys(): ReadonlyMap<string, KeyAccount> {
    return this.#keys;
  }

  /** Sets how much a key holds in other processes of the server. */
  setElsewhere(identity: string, held: Held): void {
    const isNothing = Object.values(held).every((amount) => amount === 0);
    if (isNothing) this.#elsewhere.delete(identity);
    else this.#elsewhere.set(identity, held);
    this.#keys.get(identity)?.setElsewhere(held);
  }

  /** Counts calls that have begun in other processes toward the rate of a key. */
  begunElsewhere(identity: string, count: number): void {
    this.#keys.get(identity)?.begunElsewhere(count);
  }

  /**
   * The account of the connection of a peer, the same one for all its channels: each connection has a `Peer` of its own. A peer
   * without a place of {@link open}, as one in memory, has an account, too.
   */
  of(peer: Peer): ConnectionAccount {
    const known = this.#accounts.get(peer);
    if (known !== undefined) return known;
    const account = new ConnectionAccount(this.#key(identityOf(peer)), this.#config.connection);
    this.#accounts.set(peer, account);
    return account;
  }

  /**
   * Takes a place for the connection of an authenticated peer, or tells why it gets none.
   * @returns the function that gives the place back; further calls do nothing
   */
  open({ limits, ...connection }: ConnectionHolder): Excess | (() => void) {
    const account = this.of(connection.peer);
    account.key.limit(limits);
    const excess = account.take("connections", 1);
    if (excess !== undefined) return excess;
    const close = (): void => {
      if (this.#open.remove(account)) account.give("connections", 1);
    };
    const evict = (reason: string): void => {
      close();
      connection.evict(reason);
    };
    const noPlace = this.#open.add(account, { ...connection, evict });
    if (noPlace === undefined) return close;
    account.give("connections", 1);
    return noPlace;
  }

  #key(identity: string): KeyAccount {
    const known = this.#keys.get(identity);
    if (known !== undefined) return known;
    if (this.#keys.size >= this.#sweepAt) this.#sweep();
    const made = new KeyAccount(this.#meters, this.#config.key);
    made.setElsewhere(this.#elsewhere.get(identity) ?? HOLDS_NOTHING);
    this.#keys.set(identity, made);
    return made;
  }

  /** Forgets the keys that hold nothing. It runs when their number has doubled. */
  #sweep(): void {
    const now = performance.now();
    for (const [identity, key] of this.#keys) if (key.isIdle(now)) this.#keys.delete(identity);
    this.#sweepAt = Math.max(MIN_SWEEP, this.#keys.size * 2);
  }
}

/** An account of its own, for a connection that shares nothing with others. */
export function singleAccount(connection: Quotas): ConnectionAccount {
  return new ServerAccount({ server: {}, key: {}, connection }).of({ user: "", scopes: [] });
}
