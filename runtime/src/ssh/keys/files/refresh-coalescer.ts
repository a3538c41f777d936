/**
 * Looks at something again and again, never twice at once. A look under way may be past the change that somebody asks for,
 * so they wait for the next one, which all who ask meanwhile share.
 */
export class RefreshCoalescer {
  readonly #look: () => Promise<void>;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  /** Resolves when a look is over that began after this; rejects where that does. */
  look(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      const looking = this.#look();
      this.#running = looking.catch(() => {});
      return looking;
    });
    return this.#next;
  }
}
