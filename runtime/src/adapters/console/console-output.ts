import { Writable } from "node:stream";
import type { SessionTerminal } from "../../base/session.js";
import { writeTo } from "../session-io/write-to.js";

/** What readline takes for a terminal to write to. */
export class ConsoleOutput extends Writable {
  readonly isTTY = true;
  readonly #stream: Writable;
  readonly #terminal: SessionTerminal;
  /** Whether the cursor stands where a line begins. */
  lineBegun = true;

  constructor(stream: Writable, terminal: SessionTerminal) {
    super({ decodeStrings: false });
    this.#stream = stream;
    this.#terminal = terminal;
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#stream.write(chunk);
    done();
  }

  /** Writes text, whose lines end as a terminal has it; bytes are left as they are. See {@link writeTo}. */
  print(chunk: string | Uint8Array): Promise<void> | undefined {
    if (chunk.length === 0) return undefined;
    const isText = typeof chunk === "string";
    this.lineBegun = isText ? chunk.endsWith("\n") : chunk.at(-1) === 10;
    return writeTo(this.#stream, isText ? chunk.replaceAll("\n", "\r\n") : chunk);
  }

  /** Goes to the beginning of a line, where the cursor does not stand at one. */
  beginLine(): void {
    if (!this.lineBegun) this.print("\n");
  }
}
