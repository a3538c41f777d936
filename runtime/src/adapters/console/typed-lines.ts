import { EventEmitter, once } from "node:events";

/** How many lines may be typed ahead of whoever takes them; more are dropped. */
const MAX_AHEAD = 256;

/**
 * The lines that a person has typed and nobody has taken. They go to whoever asks first, the prompt or the command; one may
 * ask at a time, and may leave before a line comes.
 */
export class TypedLines {
  /** Undefined is the end of the input of whoever takes it: Ctrl-D on an empty line. */
  readonly #lines: (string | undefined)[] = [];
  readonly #events = new EventEmitter();
  #failed: unknown;
  #ended = false;

  /** Whether no line will come any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Adds a line, or the end of the input of whoever asks next; false where too many wait already. */
  push(line: string | undefined): boolean {
    if (this.#lines.length >= MAX_AHEAD) return false;
    this.#lines.push(line);
    this.#events.emit("change");
    return true;
  }

  /** Drops what nobody has taken. */
  clear(): void {
    this.#lines.length = 0;
  }

  /** No line will come any more. @param error why, where that is a failure: whoever asks is told */
  end(error?: unknown): void {
    this.#ended = true;
    this.#failed = error;
    this.#events.emit("change");
  }

  /** The next line; undefined where the input has ended. @throws what the input failed with */
  next(): Promise<string | undefined> {
    return this.#next(() => false);
  }

  /** The lines as the input of a command, which ends where a person ends it, or the command leaves it. */
  input(): AsyncIterableIterator<Buffer> {
    let left = false;
    const end = { done: true, value: undefined } as const;
    const input: AsyncIterableIterator<Buffer> = {
      next: async () => {
        const line = await this.#next(() => left);
        if (line === undefined) left = true;
        return line === undefined ? end : { done: false, value: Buffer.from(`${line}\n`) };
      },
      return: async () => {
        left = true;
        this.#events.emit("change");
        return end;
      },
      [Symbol.asyncIterator]: () => input,
    };
    return input;
  }

  async #next(hasLeft: () => boolean): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.#ended && !hasLeft()) await once(this.#events, "change");
    if (this.#failed !== undefined) throw this.#failed;
    return hasLeft() ? undefined : this.#lines.shift();
  }
}
