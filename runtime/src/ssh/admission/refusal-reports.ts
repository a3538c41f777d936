import type { Observer } from "../../base/observer/observer.js";

/** Refusals reported one by one within one period; further ones are counted. */
export const REPORTS = 20;

/** In milliseconds. */
export const PERIOD = 10_000;

/**
 * Reports refused connections, at a limited rate, because unauthenticated peers can cause any number: the first ones of a
 * period one by one, then the number of the rest.
 */
export class RefusalReports {
  readonly #observer: Observer;
  #since = Number.NEGATIVE_INFINITY;
  #reports = 0;
  #omitted = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** Reports a refusal, or counts it. */
  add(refusal: { readonly address: string | undefined; readonly reason: string }, now = performance.now()): void {
    if (now - this.#since >= PERIOD) {
      this.flush();
      this.#since = now;
      this.#reports = 0;
    }
    if (this.#reports < REPORTS) {
      this.#reports++;
      this.#observer.connectionRefused?.(refusal);
      return;
    }
    this.#omitted++;
    // Reported by a timer, because no further refusal may follow.
    this.#timer ??= setTimeout(() => this.flush(), PERIOD).unref();
  }

  /** Reports the number of omitted refusals. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#omitted > 0) this.#observer.refusalsOmitted?.({ count: this.#omitted });
    this.#omitted = 0;
  }
}
