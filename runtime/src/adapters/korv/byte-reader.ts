import { KorvError } from "./korv-error.js";

const EMPTY = Buffer.alloc(0);

/** Reads a stream of chunks by bytes. It reads no chunk before it needs one. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #buffered: Buffer = EMPTY;
  #remaining = Number.POSITIVE_INFINITY;
  #limitError: () => KorvError = () => new KorvError("byte limit exceeded");

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Limits the bytes that can be read from here on; reading more throws `error()`. */
  limit(bytes: number, error: () => KorvError): void {
    this.#remaining = bytes;
    this.#limitError = error;
  }

  /** Whether there are more bytes; false at the end of the stream. */
  async hasMore(): Promise<boolean> {
    while (this.#buffered.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      this.#buffered = value;
    }
    return true;
  }

  /** Reads the available bytes: at least one. @throws KorvError at the end of the stream, and beyond the limit */
  async readChunk(): Promise<Buffer> {
    if (!(await this.hasMore())) throw new KorvError("truncated message: the stream ended");
    if (this.#remaining === 0) throw this.#limitError();
    const chunk = this.#buffered.subarray(0, this.#remaining);
    // An empty view would keep its whole chunk in memory until the next one arrives.
    this.#buffered = chunk.length === this.#buffered.length ? EMPTY : this.#buffered.subarray(chunk.length);
    this.#remaining -= chunk.length;
    return chunk;
  }

  /** Puts back the last bytes of what {@link readChunk} returned. */
  unread(bytes: Buffer): void {
    this.#buffered = this.#buffered.length === 0 ? bytes : Buffer.concat([bytes, this.#buffered]);
    this.#remaining += bytes.length;
  }

  /** Reads exactly `count` bytes. @throws KorvError as {@link readChunk} */
  async read(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = count; missing > 0; ) {
      const chunk = await this.readChunk();
      this.unread(chunk.subarray(missing));
      parts.push(chunk.subarray(0, missing));
      missing -= Math.min(missing, chunk.length);
    }
    return Buffer.concat(parts);
  }

  /** Skips a zero-terminated string. @throws KorvError as {@link readChunk} */
  async skipString(): Promise<void> {
    for (;;) {
      const chunk = await this.readChunk();
      const end = chunk.indexOf(0);
      if (end < 0) continue;
      this.unread(chunk.subarray(end + 1));
      return;
    }
  }
}
