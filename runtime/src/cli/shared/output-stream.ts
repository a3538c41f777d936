import type { Writable } from "node:stream";

/** Standard output, one write after the other, as fast as its reader takes it. */
export class OutputStream {
  readonly #stream: Writable;
  readonly #closed = new AbortController();

  constructor(stream: Writable) {
    this.#stream = stream;
    // Whatever else goes wrong is told to whoever writes.
    stream.on("error", (error) => {
      if (isGone(error)) this.#closed.abort();
    });
  }

  /** Aborts when its reader is gone. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  /** Resolves when it takes more, or when nobody reads it any more. @throws Error where it takes nothing, as on a full disk */
  write(chunk: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(chunk, (error) => {
        if (error && !isGone(error)) reject(new Error(`standard output cannot be written: ${error.message}`));
        else resolve();
      });
    });
  }
}

function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === "EPIPE";
}
