import type { Logger } from "../../base/log.js";

/** Lines written within one period; further ones are counted. */
export const LINES = 20;

/** In milliseconds. */
export const PERIOD = 10_000;

/**
 * Rate-limited logger for events that unauthenticated peers can trigger: it writes the first, then the number of the
 * rest.
 */
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
    // No later warning may come: the number is written all the same.
    this.#timer ??= setTimeout(() => this.flush(), PERIOD).unref();
  }

  /** Writes the number of omitted lines. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#omitted > 0) this.#log.warn({ omitted: this.#omitted }, "more connections refused");
    this.#omitted = 0;
  }
}
