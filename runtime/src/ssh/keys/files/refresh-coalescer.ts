/**
 * Runs a refresh on demand, never twice at once. A running refresh may have missed the latest change, so callers wait for
 * the next one, which they share.
 */
export class RefreshCoalescer {
  readonly #run: () => Promise<void>;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  /** Resolves or rejects with a refresh that began after this call. */
  refresh(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      const running = this.#run();
      this.#running = running.catch(() => {});
      return running;
    });
    return this.#next;
  }
}
