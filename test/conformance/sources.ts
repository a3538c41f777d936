/** Items that a test gives one at a time. */
export class Tap implements AsyncIterable<number> {
  readonly #items: (number | undefined)[] = [];
  #wake: () => void = () => undefined;
  /** Whether whoever took them has left, or is through. */
  left = false;

  push(size: number): void {
    this.#items.push(size);
    this.#wake();
  }

  /** Nothing more will come. */
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

/** Items of one size without end, which counts how many were asked for. */
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
