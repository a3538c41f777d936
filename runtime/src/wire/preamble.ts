import { printable } from "../base/printable.js";
import { ProtocolError } from "./frame.js";

/** The version of the wire protocol. */
const WIRE_VERSION = 1;

/**
 * The first bytes that each side sends: a NUL, which no login shell prints, the name, and the protocol version. They mark
 * the start of the frames, because under a stock sshd a login shell may print a greeting first.
 */
export const PREAMBLE: Uint8Array = Uint8Array.from([0, ...Buffer.from("sshrpc"), WIRE_VERSION]);

const MAGIC = Buffer.from(PREAMBLE.subarray(0, PREAMBLE.length - 1));

/** Bytes that messages quote of the output before a preamble. */
const SHOWN = 120;

/** Finds the peer's preamble in the received bytes, and skips the output of a login shell before it. */
export class PreambleScanner {
  /** Bytes that may be the start of the preamble. */
  #tail: Buffer = Buffer.alloc(0);
  /** How many bytes before it were skipped, and the first of all bytes. */
  #skipped = 0;
  #first = Buffer.alloc(0);
  readonly #maxSkipped: number;

  /** @param maxSkipped how many bytes before the preamble are skipped at most */
  constructor(maxSkipped: number) {
    this.#maxSkipped = maxSkipped;
  }

  /**
   * Scans the next chunk. Returns the bytes after the preamble once it is complete, else undefined.
   * @throws ProtocolError if too many bytes precede it, or its version is unknown
   */
  push(chunk: Uint8Array): Buffer | undefined {
    if (this.#first.length < SHOWN) this.#first = Buffer.concat([this.#first, chunk.subarray(0, SHOWN)]);
    const seen = Buffer.concat([this.#tail, chunk]);
    const start = seen.indexOf(MAGIC);
    const skipped = this.#skipped + (start < 0 ? Math.max(0, seen.length - MAGIC.length) : start);
    if (skipped > this.#maxSkipped) {
      throw new ProtocolError(
        `no sshrpc preamble in the first ${this.#maxSkipped} bytes; received instead: ${this.received()}`,
      );
    }
    if (start >= 0 && seen.length >= start + PREAMBLE.length) {
      const version = seen[start + MAGIC.length];
      if (version === WIRE_VERSION) return seen.subarray(start + PREAMBLE.length);
      throw new ProtocolError(`unsupported wire version ${version}; this side supports ${WIRE_VERSION}`);
    }
    this.#skipped = skipped;
    this.#tail = seen.subarray(start < 0 ? -MAGIC.length : start);
    return undefined;
  }

  /** The first bytes that were received, quoted for messages. */
  received(): string {
    return printable(JSON.stringify(this.#first.toString("latin1", 0, SHOWN)), 6 * SHOWN + 2);
  }
}
