import type { OptionTable } from "../../base/check-options.js";
import { MAX_TIMEOUT } from "../../base/max-timeout.js";

/** How long to wait before another attempt, in milliseconds. */
export interface BackoffOptions {
  /** Before the first one; each later one waits twice as long. Default: 100. */
  readonly minDelay?: number;
  /** The longest wait. Default: 10,000. */
  readonly maxDelay?: number;
  /** The part of each wait that is random, from 0 to 1: many clients must not come back at once. Default: 0.5. */
  readonly jitter?: number;
}

/** The options of {@link Backoff}. */
export const BACKOFF_OPTIONS = {
  minDelay: true,
  maxDelay: true,
  jitter: true,
} satisfies OptionTable<BackoffOptions>;

/** Delays that grow from attempt to attempt. */
export class Backoff {
  readonly minDelay: number;
  readonly #maxDelay: number;
  readonly #jitter: number;

  /**
   * @param option what the options belong to, for messages
   * @throws Error that names an option and its value where it makes no sense
   */
  constructor(options: BackoffOptions = {}, option = "reconnect") {
    const { minDelay = 100, maxDelay = Math.max(10_000, minDelay), jitter = 0.5 } = options;
    check(`${option}.minDelay`, minDelay, 1, MAX_TIMEOUT);
    check(`${option}.maxDelay`, maxDelay, minDelay, MAX_TIMEOUT);
    check(`${option}.jitter`, jitter, 0, 1);
    this.minDelay = minDelay;
    this.#maxDelay = maxDelay;
    this.#jitter = jitter;
  }

  /** Milliseconds to wait after so many failures before the latest one. */
  delay(failures: number): number {
    const whole = Math.min(this.#maxDelay, this.minDelay * 2 ** failures);
    return whole * (1 - this.#jitter * Math.random());
  }
}

function check(name: string, value: number, min: number, max: number): void {
  if (typeof value === "number" && value >= min && value <= max) return;
  throw new Error(`${name} is ${value}; it must be a number from ${min} to ${max}`);
}
