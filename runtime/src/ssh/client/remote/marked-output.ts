import { randomBytes } from "node:crypto";
import { printable } from "../../../base/printable.js";
import { SshError } from "../../ssh-error.js";

/** Bytes that a login shell may print before the output of a command. */
const MAX_GREETING = 64 * 1024;

/** Characters of other output that a message quotes. */
const SHOWN = 120;

/**
 * Separates the output of a command from what the login shell prints before it, such as an `echo` in .bashrc: the command prints
 * a random mark first.
 */
export class MarkedOutput {
  readonly mark = randomBytes(16).toString("hex");
  #before: Buffer | undefined = Buffer.alloc(0);

  /** The part of a chunk after the mark; empty before it. @throws SshError `unavailable` over the limit */
  push(chunk: Buffer): Buffer {
    if (this.#before === undefined) return chunk;
    this.#before = Buffer.concat([this.#before, chunk]);
    const at = this.#before.indexOf(this.mark);
    if (at < 0 && this.#before.length > MAX_GREETING) throw this.#missing(`in the first ${MAX_GREETING} bytes`);
    if (at < 0) return Buffer.alloc(0);
    const rest = this.#before.subarray(at + this.mark.length);
    this.#before = undefined;
    return rest;
  }

  /** Checks that the command has run. @throws SshError `unavailable` where the output had no mark */
  end(): void {
    if (this.#before !== undefined) throw this.#missing("in its output");
  }

  #missing(where: string): SshError {
    const received = printable(JSON.stringify(this.#before?.toString("utf8", 0, SHOWN)), 2 * SHOWN);
    return new SshError(
      "unavailable",
      `the server did not run the command in a POSIX shell: no mark ${where}; received instead: ${received}`,
    );
  }
}
