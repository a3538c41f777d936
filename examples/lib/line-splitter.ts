/**
 * The maximum length of a line in bytes. A longer line is skipped, so that a file without line ends cannot exhaust memory.
 */
const MAX_LINE = 64 * 1024;

const NEWLINE = 0x0a;

/** A line without its end, and where the next one begins in the chunk that completes it. */
interface SplitLine {
  readonly text: string;
  readonly next: number;
}

/**
 * Splits chunks into lines, however the chunks are cut. A line is yielded only once its line end has arrived.
 */
export class LineSplitter {
  #parts: Buffer[] = [];
  #length = 0;

  /** The lines that `chunk` completes, without their ends. The chunk may be overwritten afterwards. */
  *split(chunk: Buffer): Generator<SplitLine, void> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const text = this.#take(chunk.subarray(start, end));
      start = end + 1;
      if (text !== undefined) yield { text, next: start };
    }
    this.#keep(chunk.subarray(start));
  }

  #take(rest: Buffer): string | undefined {
    const length = this.#length + rest.length;
    const parts = [...this.#parts, rest];
    this.#parts = [];
    this.#length = 0;
    return length > MAX_LINE ? undefined : Buffer.concat(parts).toString().replace(/\r$/, "");
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > MAX_LINE) this.#parts = [];
    else if (part.length > 0) this.#parts.push(Buffer.from(part));
  }
}
