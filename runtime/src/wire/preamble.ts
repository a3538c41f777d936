import { ProtocolError } from "./protocol-error.js";

/** The version of the wire format that this code speaks. */
export const WIRE_VERSION = 1;

/**
 * The first bytes that each side sends: a NUL, which no login shell prints, the name, and the version of the format.
 * They say where the frames begin, for under a stock sshd a login shell may print a greeting first.
 */
export const PREAMBLE: Uint8Array = Uint8Array.from([0, ...Buffer.from("sshrpc"), WIRE_VERSION]);

const MAGIC = Buffer.from(PREAMBLE.subarray(0, PREAMBLE.length - 1));

/** Looks for the other side's preamble in what arrives, and skips what a login shell printed before it. */
export class PreambleScanner {
  #seen = Buffer.alloc(0);
  readonly #maxNoise: number;

  /** @param maxNoise how many bytes before the preamble are skipped at most */
  constructor(maxNoise: number) {
    this.#maxNoise = maxNoise;
  }

  /**
   * Takes the next chunk. Returns what follows the preamble once it is complete, else undefined.
   * @throws ProtocolError where it cannot come any more, or is of another version.
   */
  push(chunk: Uint8Array): Buffer | undefined {
    this.#seen = this.#seen.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#seen, chunk]);
    const start = this.#seen.indexOf(MAGIC);
    if (start > this.#maxNoise || (start < 0 && this.#seen.length > this.#maxNoise + MAGIC.length)) {
      throw new ProtocolError(`no sshrpc preamble in the first ${this.#maxNoise} bytes; they begin: ${this.noise()}`);
    }
    if (start < 0 || this.#seen.length < start + PREAMBLE.length) return undefined;
    const version = this.#seen[start + MAGIC.length];
    if (version !== WIRE_VERSION) {
      throw new ProtocolError(`the other side speaks wire version ${version}, this side ${WIRE_VERSION}`);
    }
    return this.#seen.subarray(start + PREAMBLE.length);
  }

  /** What came instead of a preamble so far, quoted, for messages. */
  noise(): string {
    return JSON.stringify(this.#seen.subarray(0, 120).toString("latin1"));
  }
}
