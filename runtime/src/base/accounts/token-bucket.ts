/** Counts what may happen so often per second, after ten seconds of as many at once. */
const BURST_SECONDS = 10;

/** A rate limit. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #since = performance.now();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond * BURST_SECONDS;
  }

  /** One more; false if it is over the rate. */
  take(): boolean {
    const now = performance.now();
    const refill = ((now - this.#since) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond * BURST_SECONDS, this.#tokens + refill) - 1;
    this.#since = now;
    return this.#tokens >= 0;
  }
}
