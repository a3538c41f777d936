import type { Penalties } from "./guard-options.js";

/** How a connection failed before authentication. */
export type FailureKind = "authFail" | "noAuth" | "graceExceeded" | "protocolError";

interface Penalty {
  /** When it ends. */
  readonly until: number;
  /** Whether it has reached the minimum, from which the source is blocked. */
  readonly isBlocking: boolean;
}

/** A penalty, for other processes: their clocks differ. */
export type PenaltyLeft = readonly [host: string, milliseconds: number, isBlocking: boolean];

/** The maximum number of sources; beyond it, the one whose last failure is oldest is removed. */
const LIMIT = 65_536;

/** The penalties of sources whose connections failed (sshd_config(5), PerSourcePenalties). */
export class SourcePenalties {
  #lengths: Required<Penalties>;
  readonly #limit: number;
  /** In the order of their last failure. */
  readonly #penalties = new Map<string, Penalty>();

  constructor(lengths: Required<Penalties>, limit = LIMIT) {
    this.#lengths = lengths;
    this.#limit = limit;
  }

  /** The penalties that have not ended: milliseconds that they last, and whether they block. */
  left(now: number): readonly PenaltyLeft[] {
    return [...this.#penalties].flatMap(([host, { until, isBlocking }]) =>
      until > now ? [[host, until - now, isBlocking] as const] : [],
    );
  }

  /** Takes those of another process; the longer one of a host counts. */
  take(penalties: readonly PenaltyLeft[], now: number): void {
    for (const [host, milliseconds, isBlocking] of penalties) {
      const until = now + Math.min(milliseconds, this.#lengths.max);
      if (until <= (this.#penalties.get(host)?.until ?? 0)) continue;
      this.#penalties.set(host, { until, isBlocking });
      if (this.#penalties.size > this.#limit) this.#removeOldest();
    }
  }

  /** Sets other lengths, for further failures. */
  limit(lengths: Required<Penalties>): void {
    this.#lengths = lengths;
  }

  /** How many sources are kept. */
  get size(): number {
    return this.#penalties.size;
  }

  /** Milliseconds for which the host is still blocked; 0 where it is not. */
  remaining(host: string, now: number): number {
    const penalty = this.#penalties.get(host);
    return penalty?.isBlocking ? Math.max(0, penalty.until - now) : 0;
  }

  /** Adds the penalty of a failed connection. */
  penalize(host: string, kind: FailureKind, now: number): void {
    const length = this.#lengths[kind];
    if (length === 0) return;
    const before = this.#penalties.get(host);
    const since = Math.max(before?.until ?? 0, now);
    const until = Math.min(since + length, now + this.#lengths.max);
    const isBlocking = (since > now && (before?.isBlocking ?? false)) || until - now >= this.#lengths.min;
    this.#penalties.delete(host);
    this.#penalties.set(host, { until, isBlocking });
    if (this.#penalties.size > this.#limit) this.#removeOldest();
  }

  #removeOldest(): void {
    const [oldest] = this.#penalties.keys();
    if (oldest !== undefined) this.#penalties.delete(oldest);
  }
}
