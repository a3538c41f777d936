import { KeyMeter, type ServerMeter } from "./meters.js";
import type { Excess, Held, KeyQuotas, Resource } from "./quotas.js";
import { TokenBucket } from "./token-bucket.js";
import { Turn } from "./turns.js";

/** What all connections of one key hold together. */
export class KeyAccount {
  readonly connections: KeyMeter;
  readonly calls: KeyMeter;
  readonly callbacks: KeyMeter;
  readonly bytes: KeyMeter;
  /** Its turns of the event loop. */
  readonly turn = new Turn();
  #quotas: KeyQuotas;
  #rate: number | undefined;
  #hasOwnRate = false;
  /** The calls that it may begin, if it has a rate. */
  #beginnings: TokenBucket | undefined;
  /** Calls that have begun since {@link takeBegun}, if it has a rate. */
  #begun = 0;

  /**
   * @param server what it shares with the other keys
   * @param key its limits, unless it has some of its own
   */
  constructor(server: Readonly<Record<Resource, ServerMeter>>, key: KeyQuotas) {
    this.#quotas = key;
    this.connections = new KeyMeter("connections", server.connections, key.connections);
    this.calls = new KeyMeter("calls", server.calls, key.calls);
    this.callbacks = new KeyMeter("callbacks", server.callbacks, key.callbacks);
    this.bytes = new KeyMeter("bytes", server.bytes, key.bytes);
    this.#setRate(key.rate);
  }

  /** How much it holds in this process. */
  get held(): Held {
    return {
      connections: this.connections.held,
      calls: this.calls.held,
      callbacks: this.callbacks.held,
      bytes: this.bytes.held,
    };
  }

  /** Sets how much it holds in other processes of the server. */
  setElsewhere({ connections, calls, callbacks, bytes }: Held): void {
    this.connections.setElsewhere(connections);
    this.calls.setElsewhere(calls);
    this.callbacks.setElsewhere(callbacks);
    this.bytes.setElsewhere(bytes);
  }

  /** Counts calls that have begun in other processes toward its rate. */
  begunElsewhere(count: number): void {
    this.#beginnings?.spend(count);
  }

  /** How many calls have begun here since the last time, if it has a rate. */
  takeBegun(): number {
    const begun = this.#begun;
    this.#begun = 0;
    return begun;
  }

  /** Calls that it may begin per second; undefined without a limit. */
  get rate(): number | undefined {
    return this.#rate;
  }

  /** Whether it holds nothing, and its rate and its turns have nothing to remember. */
  isIdle(now: number): boolean {
    const isEmpty = this.connections.held + this.calls.held + this.callbacks.held + this.bytes.held === 0;
    return isEmpty && this.turn.isIdle(now) && this.#beginnings?.isFull(now) !== false;
  }

  /** Sets other limits of every key. */
  limitAll(key: KeyQuotas): void {
    this.#quotas = key;
    this.connections.limitAll(key.connections);
    this.calls.limitAll(key.calls);
    this.callbacks.limitAll(key.callbacks);
    this.bytes.limitAll(key.bytes);
    if (!this.#hasOwnRate) this.#setRate(key.rate);
  }

  /** Sets limits of its own; absent ones are those of every key. They may change while connections are open. */
  limit({ connections, calls, callbacks, bytes, rate }: KeyQuotas = {}): void {
    this.connections.limit(connections);
    this.calls.limit(calls);
    this.callbacks.limit(callbacks);
    this.bytes.limit(bytes);
    this.#setRate(rate ?? this.#quotas.rate);
    this.#hasOwnRate = rate !== undefined;
  }

  /** Counts the begin of a call toward the rate of the key, or tells why it must wait. */
  pace(): Excess | undefined {
    if (this.#rate === undefined || this.#beginnings === undefined) return undefined;
    const retryAfter = Math.ceil(this.#beginnings.take());
    if (retryAfter === 0) {
      this.#begun += 1;
      return undefined;
    }
    return { resource: "rate", level: this.#hasOwnRate ? "grant" : "key", limit: this.#rate, amount: 1, retryAfter };
  }

  /** The same rate again, as of each login, renews nothing. */
  #setRate(rate: number | undefined): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#beginnings = rate === undefined ? undefined : new TokenBucket({ perSecond: rate, burst: Math.max(rate, 1) });
  }
}
