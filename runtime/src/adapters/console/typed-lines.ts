import { EventEmitter, once } from "node:events";
import { onQuiet } from "../session-io/closing-input.js";

/** Lines that are buffered for a reader; further lines are dropped. */
export const MAX_AHEAD = 256;

/**
 * The lines that a user has entered and no reader has taken. The prompt and the commands take turns to read; a reader may
 * stop before a line arrives.
 */
export class TypedLines {
  /** Undefined ends the input of one reader: Ctrl-D on an empty line. */
  readonly #lines: (string | undefined)[] = [];
  readonly #events = new EventEmitter();
  #failed: unknown;
  #ended = false;

  /** Whether the input has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Adds a line, or undefined to end the input of the next reader; false where the buffer is full. */
  push(line: string | undefined): boolean {
    if (this.#lines.length >= MAX_AHEAD) return false;
    this.#lines.push(line);
    this.#events.emit("change");
    return true;
  }

  /** Drops all buffered lines. */
  clear(): void {
    this.#lines.length = 0;
  }

  /** Ends the input. @param error thrown to readers, where the input failed */
  end(error?: unknown): void {
    this.#ended = true;
    this.#failed = error;
    this.#events.emit("change");
  }

  /**
   * The next line; undefined at the end of the input, or where none follows once `closing` has aborted.
   * @throws the error of an input that failed
   */
  async next(closing?: AbortSignal): Promise<string | undefined> {
    if (closing === undefined) return this.#next(() => false);
    let isQuiet = false;
    const remove = onQuiet(closing, () => {
      isQuiet = true;
      this.#events.emit("change");
    });
    return this.#next(() => isQuiet && this.#lines.length === 0).finally(remove);
  }

  /** The lines as the input of a command, until the user ends it or the command closes it. */
  input(): AsyncIterableIterator<Buffer> {
    let isClosed = false;
    const end = { done: true, value: undefined } as const;
    const input: AsyncIterableIterator<Buffer> = {
      next: async () => {
        const line = await this.#next(() => isClosed);
        if (line === undefined) isClosed = true;
        return line === undefined ? end : { done: false, value: Buffer.from(`${line}\n`) };
      },
      return: async () => {
        isClosed = true;
        this.#events.emit("change");
        return end;
      },
      [Symbol.asyncIterator]: () => input,
    };
    return input;
  }

  async #next(hasEnded: () => boolean): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.#ended && !hasEnded()) await once(this.#events, "change");
    if (this.#failed !== undefined) throw this.#failed;
    return hasEnded() ? undefined : this.#lines.shift();
  }
}
