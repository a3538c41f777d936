/** How often something may happen. */
interface Rate {
  readonly perSecond: number;
  /** How many may happen at once after a pause. Default: those of ten seconds. */
  readonly burst?: number | undefined;
}

const BURST_SECONDS = 10;

/** A rate limit. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #since = performance.now();

  constructor({ perSecond, burst = perSecond * BURST_SECONDS }: Rate) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** One more: 0, or milliseconds until it is within the rate; then it does not count. */
  take(): number {
    const now = performance.now();
    this.#tokens = this.#tokensAt(now);
    this.#since = now;
    if (this.#tokens < 1) return ((1 - this.#tokens) * 1000) / this.#perSecond;
    this.#tokens -= 1;
    return 0;
  }

  /** Takes what has happened elsewhere, also beyond the rate: up to a burst of debt. */
  spend(count: number): void {
    const now = performance.now();
    this.#tokens = Math.max(-this.#burst, this.#tokensAt(now) - count);
    this.#since = now;
  }

  /** Whether it is as if nothing had happened. */
  isFull(now: number): boolean {
    return this.#tokensAt(now) === this.#burst;
  }

  #tokensAt(now: number): number {
    return Math.min(this.#burst, this.#tokens + ((now - this.#since) / 1000) * this.#perSecond);
  }
}
