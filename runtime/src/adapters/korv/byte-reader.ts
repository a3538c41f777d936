import { KorvError } from "./korv-error.js";

const EMPTY = Buffer.alloc(0);

/** Takes a stream of chunks apart by bytes. It reads no further than it is asked to. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = EMPTY;
  #left = Number.POSITIVE_INFINITY;
  #excess: () => KorvError = () => new KorvError("too much");

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Lets so many bytes more be taken; then it throws what `excess` gives. */
  limit(bytes: number, excess: () => KorvError): void {
    this.#left = bytes;
    this.#excess = excess;
  }

  /** Whether there is anything more. */
  async more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      this.#rest = value;
    }
    return true;
  }

  /** Whatever there is: at least a byte. @throws KorvError where there is no more */
  async chunk(): Promise<Buffer> {
    if (!(await this.more())) throw new KorvError("the stream ended within a message");
    if (this.#left === 0) throw this.#excess();
    const chunk = this.#rest.subarray(0, this.#left);
    // Even an empty view keeps its chunk, for as long as the other side is silent.
    this.#rest = chunk.length === this.#rest.length ? EMPTY : this.#rest.subarray(chunk.length);
    this.#left -= chunk.length;
    return chunk;
  }

  /** Undoes {@link chunk}, for the end of what that gave. */
  giveBack(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([bytes, this.#rest]);
    this.#left += bytes.length;
  }

  /** Exactly so many bytes. @throws KorvError as {@link chunk} */
  async take(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = count; missing > 0; ) {
      const chunk = await this.chunk();
      this.giveBack(chunk.subarray(missing));
      parts.push(chunk.subarray(0, missing));
      missing -= Math.min(missing, chunk.length);
    }
    return Buffer.concat(parts);
  }

  /** Leaves out a text that ends with a zero byte. @throws KorvError as {@link chunk} */
  async skipText(): Promise<void> {
    for (;;) {
      const chunk = await this.chunk();
      const end = chunk.indexOf(0);
      if (end < 0) continue;
      this.giveBack(chunk.subarray(end + 1));
      return;
    }
  }
}
