import type { Penalties } from "./guard-options.js";

/** What a connection may have done wrong. */
export type FailureKind = "authFail" | "noAuth" | "graceExceeded" | "protocolError";

interface Penalty {
  /** When it is over. */
  readonly until: number;
  /** Whether it has reached the length from which on it keeps the source out. */
  readonly isOut: boolean;
}

/** How many sources are remembered; beyond it, the one that has been good for longest is forgotten. */
const LIMIT = 65_536;

/** The sources that have misbehaved, and for how long each stays out (sshd_config(5), PerSourcePenalties). */
export class SourcePenalties {
  readonly #lengths: Required<Penalties>;
  readonly #limit: number;
  /** In the order of their last failure. */
  readonly #penalties = new Map<string, Penalty>();

  constructor(lengths: Required<Penalties>, limit = LIMIT) {
    this.#lengths = lengths;
    this.#limit = limit;
  }

  /** How many sources are remembered. */
  get size(): number {
    return this.#penalties.size;
  }

  /** Milliseconds for which the host stays out; 0 where it may come in. */
  left(host: string, now: number): number {
    const penalty = this.#penalties.get(host);
    if (penalty === undefined) return 0;
    if (penalty.until > now) return penalty.isOut ? penalty.until - now : 0;
    this.#penalties.delete(host);
    return 0;
  }

  /** Notes what a connection of the host has done. */
  penalize(host: string, kind: FailureKind, now: number): void {
    const length = this.#lengths[kind];
    if (length === 0) return;
    const before = this.#penalties.get(host);
    const since = Math.max(before?.until ?? 0, now);
    const until = Math.min(since + length, now + this.#lengths.max);
    const isOut = (since > now && (before?.isOut ?? false)) || until - now >= this.#lengths.min;
    this.#penalties.delete(host);
    this.#penalties.set(host, { until, isOut });
    if (this.#penalties.size > this.#limit) this.#forgetOne();
  }

  #forgetOne(): void {
    const [oldest] = this.#penalties.keys();
    if (oldest !== undefined) this.#penalties.delete(oldest);
  }
}
