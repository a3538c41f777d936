import type { Writable } from "node:stream";

/** Standard output with backpressure: each write resolves when the reader accepts more. */
export class OutputStream {
  readonly #stream: Writable;
  readonly #closed = new AbortController();

  constructor(stream: Writable) {
    this.#stream = stream;
    // Other errors reject the pending write.
    stream.on("error", (error) => {
      if (isGone(error)) this.#closed.abort();
    });
  }

  /** Aborts when the reader has closed the stream. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  /** Resolves when the stream accepts more, or its reader has closed it. @throws Error on a write error, such as a full disk */
  write(chunk: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(chunk, (error) => {
        if (error && !isGone(error)) reject(new Error(`cannot write to standard output: ${error.message}`));
        else resolve();
      });
    });
  }
}

function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === "EPIPE";
}
