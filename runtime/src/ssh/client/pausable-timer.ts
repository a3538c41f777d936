/** A timer that stops while a user is asked for something. */
export class PausableTimer {
  /** The duration that it started with, in milliseconds. */
  readonly total: number;
  #remaining: number;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #onTimeout: (() => void) | undefined;
  #pauses = 0;

  /** @param total in milliseconds */
  constructor(total: number) {
    this.total = total;
    this.#remaining = total;
  }

  /** Runs with the time that remains. `onTimeout` replaces the function of an earlier call. */
  start(onTimeout: () => void): void {
    this.#halt();
    this.#onTimeout = onTimeout;
    this.#run();
  }

  /** Stops until the next `start`. */
  stop(): void {
    this.#halt();
    this.#onTimeout = undefined;
  }

  /** Pauses until `promise` settles, and passes its outcome on. */
  async pauseFor<T>(promise: Promise<T>): Promise<T> {
    this.#pauses++;
    this.#halt();
    try {
      return await promise;
    } finally {
      this.#pauses--;
      this.#run();
    }
  }

  #run(): void {
    if (this.#pauses > 0 || this.#timer !== undefined || this.#onTimeout === undefined) return;
    this.#startedAt = performance.now();
    this.#timer = setTimeout(this.#onTimeout, this.#remaining);
  }

  #halt(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#remaining = Math.max(0, this.#remaining - (performance.now() - this.#startedAt));
  }
}
