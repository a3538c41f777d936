import { Writable } from "node:stream";
import type { SessionTerminal } from "../../base/session.js";
import { writeTo } from "../session-io/session-streams.js";

/** The terminal that readline writes to. */
export class ConsoleOutput extends Writable {
  readonly isTTY = true;
  readonly #stream: Writable;
  readonly #terminal: SessionTerminal;
  /** Whether the cursor is at the beginning of a line. */
  #isLineStart = true;

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

  /** Writes text with the line ends of a terminal, or bytes unchanged. See {@link writeTo}. */
  print(chunk: string | Uint8Array): Promise<void> | undefined {
    if (chunk.length === 0) return undefined;
    const isText = typeof chunk === "string";
    this.#isLineStart = isText ? chunk.endsWith("\n") : chunk.at(-1) === 10;
    return writeTo(this.#stream, isText ? chunk.replaceAll("\n", "\r\n") : chunk);
  }

  /** Moves the cursor to the beginning of a line, unless it is there already. */
  beginLine(): void {
    if (!this.#isLineStart) this.print("\n");
  }

  /** The user has ended a line: readline has moved the cursor to the next one. */
  lineEntered(): void {
    this.#isLineStart = true;
  }
}
