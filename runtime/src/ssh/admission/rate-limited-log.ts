import type { Logger } from "../../base/log.js";

/** How many lines may be written within one period; what comes beyond is counted. */
const LINES = 20;

/** In milliseconds. */
const PERIOD = 10_000;

/** A log for what strangers can cause as often as they like: it tells everything at first, and then how much it was. */
export class RateLimitedLog {
  readonly #log: Logger;
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #omitted = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Writes a warning, or counts it. */
  warn(fields: object, message: string, now = performance.now()): void {
    if (now - this.#since >= PERIOD) {
      this.flush();
      this.#since = now;
      this.#lines = 0;
    }
    if (this.#lines < LINES) {
      this.#lines++;
      this.#log.warn(fields, message);
      return;
    }
    this.#omitted++;
    // Nobody may come after them: what they were must still be said.
    this.#timer ??= setTimeout(() => this.flush(), PERIOD).unref();
  }

  /** Says how many lines were left out. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#omitted > 0) this.#log.warn({ omitted: this.#omitted }, "more connections were refused");
    this.#omitted = 0;
  }
}
