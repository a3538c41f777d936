import { printable } from "../base/printable.js";
import { ProtocolError } from "./protocol-error.js";

/** The version of the wire format that this code speaks. */
const WIRE_VERSION = 1;

/**
 * The first bytes that each side sends: a NUL, which no login shell prints, the name, and the version of the format.
 * They say where the frames begin, for under a stock sshd a login shell may print a greeting first.
 */
export const PREAMBLE: Uint8Array = Uint8Array.from([0, ...Buffer.from("sshrpc"), WIRE_VERSION]);

const MAGIC = Buffer.from(PREAMBLE.subarray(0, PREAMBLE.length - 1));

/** How many bytes of what came instead of a preamble are shown in messages. */
const SHOWN = 120;

/** Looks for the other side's preamble in what arrives, and skips what a login shell printed before it. */
export class PreambleScanner {
  /** What may be the preamble's beginning, or its beginning for certain. */
  #tail: Buffer = Buffer.alloc(0);
  /** How many bytes of noise were dropped before it, and the first of all bytes. */
  #dropped = 0;
  #first = Buffer.alloc(0);
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
    if (this.#first.length < SHOWN) this.#first = Buffer.concat([this.#first, chunk.subarray(0, SHOWN)]);
    const seen = Buffer.concat([this.#tail, chunk]);
    const start = seen.indexOf(MAGIC);
    const noise = this.#dropped + (start < 0 ? Math.max(0, seen.length - MAGIC.length) : start);
    if (noise > this.#maxNoise) {
      throw new ProtocolError(`no sshrpc preamble in the first ${this.#maxNoise} bytes; they begin: ${this.noise()}`);
    }
    if (start >= 0 && seen.length >= start + PREAMBLE.length) {
      const version = seen[start + MAGIC.length];
      if (version === WIRE_VERSION) return seen.subarray(start + PREAMBLE.length);
      throw new ProtocolError(`the other side speaks wire version ${version}, this side ${WIRE_VERSION}`);
    }
    this.#dropped = noise;
    this.#tail = seen.subarray(start < 0 ? -MAGIC.length : start);
    return undefined;
  }

  /** What came instead of a preamble so far, quoted, for messages. */
  noise(): string {
    return printable(JSON.stringify(this.#first.toString("latin1", 0, SHOWN)), 6 * SHOWN + 2);
  }
}
