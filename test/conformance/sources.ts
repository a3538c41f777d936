/** Items that a test pushes one at a time. */
export class Tap implements AsyncIterable<number> {
  readonly #items: (number | undefined)[] = [];
  #wake: () => void = () => undefined;
  /** Whether the consumer has ended the iteration. */
  left = false;

  push(size: number): void {
    this.#items.push(size);
    this.#wake();
  }

  /** Ends the items. */
  end(): void {
    this.#items.push(undefined);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      for (;;) {
        while (this.#items.length === 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
        const size = this.#items.shift();
        if (size === undefined) return;
        yield size;
      }
    } finally {
      this.left = true;
    }
  }
}

/** Endless items of one size; counts those that were requested. */
export class Endless implements Iterable<number> {
  taken = 0;
  left = false;

  constructor(readonly size: number) {}

  *[Symbol.iterator](): Generator<number> {
    try {
      for (;;) {
        this.taken++;
        yield this.size;
      }
    } finally {
      this.left = true;
    }
  }
}
