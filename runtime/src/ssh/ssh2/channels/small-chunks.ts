/** Bytes that wait for their reader, from which on small chunks are joined. */
const BEHIND = 4 * 1024;

/** Bytes of a chunk that is not joined, and of those that are, together. */
const LARGE = 1024;
const JOINED = 16 * 1024;

const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Joins small chunks that arrive in one turn of the event loop while their reader is behind: a stream counts bytes, and each
 * chunk takes hundreds of bytes beside its data.
 */
export class SmallChunks {
  readonly #push: (chunk: Buffer) => void;
  #buffer = EMPTY;
  #size = 0;

  /** @param push takes the chunks, in their order */
  constructor(push: (chunk: Buffer) => void) {
    this.#push = push;
  }

  /** @param waiting bytes that wait for the reader */
  add(chunk: Buffer, waiting: number): void {
    if (this.#size === 0 && (waiting < BEHIND || chunk.length >= LARGE)) {
      this.#push(chunk);
      return;
    }
    if (this.#size + chunk.length > JOINED) this.flush();
    if (chunk.length >= LARGE) {
      this.flush();
      this.#push(chunk);
      return;
    }
    if (this.#size === 0) {
      this.#buffer = Buffer.allocUnsafeSlow(JOINED);
      setImmediate(() => this.flush());
    }
    this.#size += chunk.copy(this.#buffer, this.#size);
  }

  /** Passes on what was joined. */
  flush(): void {
    const size = this.#size;
    if (size === 0) return;
    const joined = this.#buffer.subarray(0, size);
    this.#size = 0;
    this.#buffer = EMPTY;
    this.#push(size * 2 < JOINED ? Buffer.from(joined) : joined);
  }
}
