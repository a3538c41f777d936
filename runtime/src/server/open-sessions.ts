/** The sessions of adapters: commands, shells and korv channels. A shutdown asks them to end, and waits for them. */
export class OpenSessions {
  readonly #closing = new AbortController();
  readonly #open = new Set<Promise<unknown>>();

  /** Aborts when the server begins to shut down: a session answers what it has received, and ends. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Adds a session. @param ended resolves at its end, and never rejects */
  add(ended: Promise<unknown>): void {
    this.#open.add(ended);
    void ended.then(() => this.#open.delete(ended));
  }

  /** Asks all sessions, also later ones, to end. */
  close(): void {
    this.#closing.abort();
  }

  /** Resolves when none is open. */
  async ended(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }
}
