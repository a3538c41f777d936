/** Milliseconds before a process is replaced for the first time, and at most. */
const FIRST = 100;
const LONGEST = 30_000;

/** Milliseconds after which a process did not die at its start. */
const LASTED = 60_000;

/** The backoff of a process that is started again: it doubles while the process dies soon after each start. */
export class RestartDelay {
  #next = FIRST;
  #since = 0;

  /** The process has been started. */
  started(now = performance.now()): void {
    this.#since = now;
  }

  /** The process has ended. @returns milliseconds until it is started again */
  next(now = performance.now()): number {
    if (now - this.#since >= LASTED) this.#next = FIRST;
    const delay = this.#next;
    this.#next = Math.min(delay * 2, LONGEST);
    return delay;
  }
}
