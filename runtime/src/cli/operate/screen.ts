import type { Readable } from "node:stream";
import type { ReadStream } from "node:tty";
import type { CliIo } from "../shared/io.js";

/** Alternate screen, without cursor; lines are cut at the right edge (xterm's private modes 1049, 25 and 7). */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/** What a screen uses of the terminal's streams. */
type TerminalInput = Readable & Partial<Pick<ReadStream, "isTTY" | "setRawMode">>;
type TerminalOutput = CliIo["stdout"] & { readonly rows?: number };

/** A terminal that a program draws whole. Its owner closes it, which restores what was there before. */
export class Screen {
  readonly #input: TerminalInput;
  readonly #output: TerminalOutput;
  readonly #onKeys: (chunk: Buffer | string) => void;
  readonly #onResize: () => void;

  /**
   * @param onKey gets each key as its characters
   * @param onResize called when the size has changed
   */
  constructor({ stdin, stdout }: CliIo, onKey: (key: string) => void, onResize: () => void) {
    this.#input = stdin;
    this.#output = stdout;
    this.#onKeys = (chunk) => {
      const text = String(chunk);
      // Function keys and the mouse.
      if (text.startsWith("\u001b")) return;
      // A key that is held down may come several times in one chunk.
      for (const key of text) onKey(key);
    };
    this.#onResize = onResize;
    stdout.write(ENTER);
    stdout.on("resize", onResize);
    if (this.#input.isTTY) {
      this.#input.setRawMode?.(true);
      stdin.on("data", this.#onKeys);
    }
  }

  /** Draws these lines, as many as fit, and the last one below them. */
  draw(lines: readonly string[], last: string): void {
    const fitting = lines.slice(0, (this.#output.rows ?? 24) - 1);
    const text = [...fitting, last].map((line) => `${line}${CLEAR_LINE}`).join("\r\n");
    this.#output.write(`${HOME}${text}${CLEAR_BELOW}`);
  }

  close(): void {
    this.#output.off("resize", this.#onResize);
    this.#output.write(LEAVE);
    if (!this.#input.isTTY) return;
    this.#input.off("data", this.#onKeys);
    this.#input.setRawMode?.(false);
    this.#input.pause();
  }
}
