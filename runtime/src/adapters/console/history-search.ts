import { StringDecoder } from "node:string_decoder";

/** Where a search stands after a key: it goes on, its line is kept, or it is given up. The latter two end it. */
type SearchState = "searching" | "kept" | "abandoned";

const KEY = { ctrlG: 7, backspace: 8, ctrlR: 18, delete: 127 } as const;

/** Characters of the longest text that is searched for. */
const MAX_TEXT = 200;

/** The reverse incremental search of a history, as Ctrl-R starts it in a shell. */
export class HistorySearch {
  readonly #history: readonly string[];
  /** The line before the search. */
  readonly #original: string;
  readonly #decoder = new StringDecoder("utf8");
  #text = "";
  /** The offset in the history of the line that is shown, or -1. */
  #at = -1;
  #hasFailed = false;

  /** @param history the lines, latest first */
  constructor(history: readonly string[], line: string) {
    this.#history = history;
    this.#original = line;
  }

  /** What the terminal shows before the line. */
  get prompt(): string {
    return `(${this.#hasFailed ? "failed " : ""}reverse-i-search)'${this.#text}': `;
  }

  /** The line that was found last; the line before the search where none was. */
  get line(): string {
    return this.#history[this.#at] ?? this.#original;
  }

  /** The line before the search. */
  get original(): string {
    return this.#original;
  }

  /** Takes one byte of input. A byte that ends the search has its own effect afterwards, but for Ctrl-G. */
  press(byte: number): SearchState {
    if (byte === KEY.ctrlG) return "abandoned";
    if (byte === KEY.ctrlR) this.#find(this.#at + 1);
    else if (byte === KEY.backspace || byte === KEY.delete) {
      this.#text = [...this.#text].slice(0, -1).join("");
      this.#find(0);
    } else if (byte < 32) return "kept";
    else if (this.#text.length < MAX_TEXT) {
      this.#text += this.#decoder.write(Buffer.of(byte));
      this.#find(Math.max(0, this.#at));
    }
    return "searching";
  }

  #find(from: number): void {
    const at =
      this.#text === "" ? -1 : this.#history.findIndex((line, index) => index >= from && line.includes(this.#text));
    this.#hasFailed = at < 0 && this.#text !== "";
    if (at >= 0) this.#at = at;
  }
}
