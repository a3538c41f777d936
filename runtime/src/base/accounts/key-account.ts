import { KeyMeter, type ServerMeter } from "./meters.js";
import type { Excess, KeyQuotas, Resource } from "./quotas.js";

/** What all connections of one key hold together. */
export class KeyAccount {
  readonly connections: KeyMeter;
  readonly calls: KeyMeter;
  readonly bytes: KeyMeter;
  readonly #quotas: KeyQuotas;
  #rate: number | undefined;
  #hasOwnRate = false;
  /** Calls that it may begin, as of `#refilledAt`. */
  #tokens = Number.POSITIVE_INFINITY;
  #refilledAt = Number.NEGATIVE_INFINITY;

  /**
   * @param server what it shares with the other keys
   * @param key its limits, unless it has some of its own
   */
  constructor(server: Readonly<Record<Resource, ServerMeter>>, key: KeyQuotas) {
    this.#quotas = key;
    this.connections = new KeyMeter("connections", server.connections, key.connections);
    this.calls = new KeyMeter("calls", server.calls, key.calls);
    this.bytes = new KeyMeter("bytes", server.bytes, key.bytes);
    this.#rate = key.rate;
  }

  /** Whether it holds nothing, and its rate has nothing to remember. */
  isIdle(now: number): boolean {
    return this.connections.held + this.calls.held + this.bytes.held === 0 && now - this.#refilledAt > 1000;
  }

  /** Sets limits of its own; absent ones are those of every key. They may change while connections are open. */
  limit({ connections, calls, bytes, rate }: KeyQuotas = {}): void {
    this.connections.limit(connections);
    this.calls.limit(calls);
    this.bytes.limit(bytes);
    this.#rate = rate ?? this.#quotas.rate;
    this.#hasOwnRate = rate !== undefined;
  }

  /** Counts the begin of a call toward the rate of the key, or tells why it must wait. */
  pace(): Excess | undefined {
    const rate = this.#rate;
    if (rate === undefined) return undefined;
    const now = performance.now();
    const refilled = this.#tokens + ((now - this.#refilledAt) * rate) / 1000;
    const tokens = Math.min(Math.max(rate, 1), refilled);
    this.#refilledAt = now;
    this.#tokens = tokens < 1 ? tokens : tokens - 1;
    if (tokens >= 1) return undefined;
    const retryAfter = Math.ceil(((1 - tokens) * 1000) / rate);
    return { resource: "rate", level: this.#hasOwnRate ? "grant" : "key", limit: rate, amount: 1, retryAfter };
  }
}
