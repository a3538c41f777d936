import { MAX_TIMEOUT } from "../../base/check-number.js";
import type { OptionTable } from "../../base/check-options.js";
import { OptionError } from "../../base/check-options.js";
import { wrongNumber } from "../../base/wrong-type.js";

/** Exponential backoff with jitter. */
export interface BackoffOptions {
  /** Delay before the first retry in ms; it doubles with each further one. Default: 100. */
  readonly minDelay?: number;
  /** Maximum delay in ms. Default: 10,000. */
  readonly maxDelay?: number;
  /** Random part of each delay, from 0 to 1, so that many clients do not reconnect at once. Default: 0.5. */
  readonly jitter?: number;
}

/** The options of {@link Backoff}. */
export const BACKOFF_OPTIONS = {
  minDelay: true,
  maxDelay: true,
  jitter: true,
} satisfies OptionTable<BackoffOptions>;

/** The defaults of {@link BackoffOptions}. */
export const BACKOFF_DEFAULTS = { minDelay: 100, maxDelay: 10_000, jitter: 0.5 } as const;

/** Computes exponential backoff delays with jitter. */
export class Backoff {
  readonly minDelay: number;
  readonly #maxDelay: number;
  readonly #jitter: number;

  /**
   * @param option the option that the delays belong to, for messages
   * @throws OptionError that names an invalid option and its value
   */
  constructor(options: BackoffOptions = {}, option = "reconnect") {
    const { minDelay = BACKOFF_DEFAULTS.minDelay, jitter = BACKOFF_DEFAULTS.jitter } = options;
    const { maxDelay = Math.max(BACKOFF_DEFAULTS.maxDelay, minDelay) } = options;
    check(`${option}.minDelay`, minDelay, 1, MAX_TIMEOUT);
    check(`${option}.maxDelay`, maxDelay, minDelay, MAX_TIMEOUT);
    check(`${option}.jitter`, jitter, 0, 1);
    this.minDelay = minDelay;
    this.#maxDelay = maxDelay;
    this.#jitter = jitter;
  }

  /** The delay in ms, after `failures` earlier failures. */
  delay(failures: number): number {
    const delay = Math.min(this.#maxDelay, this.minDelay * 2 ** failures);
    return delay * (1 - this.#jitter * Math.random());
  }
}

function check(name: string, value: number, min: number, max: number): void {
  if (typeof value === "number" && value >= min && value <= max) return;
  throw new OptionError(`option ${name}: ${wrongNumber(value, `a number from ${min} to ${max}`)}`);
}
