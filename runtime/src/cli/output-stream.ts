import type { Writable } from "node:stream";

/** Standard output, one write after the other, as fast as its reader takes it. */
export class OutputStream {
  readonly #stream: Writable;
  readonly #closed = new AbortController();

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      this.#closed.abort();
    });
  }

  /** Aborts when its reader is gone. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  /** Resolves when it takes more, or when nobody reads it any more. */
  write(chunk: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => void this.#stream.write(chunk, () => resolve()));
  }
}
