import type { KeyAccount } from "./key-account.js";
import { ConnectionMeter } from "./meters.js";
import type { Excess, Quotas, Resource } from "./quotas.js";

/**
 * What one connection holds: an SSH connection with all its channels, or one in memory. Calls and bytes are given back by
 * those who took them, which may be later than the end of the connection: a handler may outlive it.
 */
export class ConnectionAccount {
  /** The account of its key. */
  readonly key: KeyAccount;
  readonly #connections: ConnectionMeter;
  readonly #calls: ConnectionMeter;
  readonly #callbacks: ConnectionMeter;
  readonly #bytes: ConnectionMeter;

  constructor(key: KeyAccount, { connections, calls, callbacks, bytes }: Quotas) {
    this.key = key;
    this.#connections = new ConnectionMeter("connections", key.connections, connections);
    this.#calls = new ConnectionMeter("calls", key.calls, calls);
    this.#callbacks = new ConnectionMeter("callbacks", key.callbacks, callbacks);
    this.#bytes = new ConnectionMeter("bytes", key.bytes, bytes);
  }

  /** How much is held. */
  held(resource: Resource): number {
    return this.#meter(resource).held;
  }

  /** Takes an amount, until it is given back, or tells why not: then nothing is taken. */
  take(resource: Resource, amount: number): Excess | undefined {
    return amount === 0 ? undefined : this.#meter(resource).take(amount);
  }

  /** Gives back what was taken. */
  give(resource: Resource, amount: number): void {
    if (amount !== 0) this.#meter(resource).give(amount);
  }

  /** Takes a call, within the rate of its key, or tells why not: then nothing is taken. */
  beginCall(): Excess | undefined {
    const noCall = this.#calls.take(1);
    if (noCall !== undefined) return noCall;
    const early = this.key.pace();
    if (early !== undefined) this.#calls.give(1);
    return early;
  }

  /** Gives back a call. */
  endCall(): void {
    this.#calls.give(1);
  }

  #meter(resource: Resource): ConnectionMeter {
    if (resource === "bytes") return this.#bytes;
    if (resource === "callbacks") return this.#callbacks;
    return resource === "calls" ? this.#calls : this.#connections;
  }
}
