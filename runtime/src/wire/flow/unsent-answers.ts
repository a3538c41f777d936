import type { HeldBytes } from "./held-bytes.js";

/** Characters of a response that is not accounted for: the batch that it waits in is small. */
export const SMALL_RESPONSE = 4096;

/** A response is in memory as text, and as the bytes of its frame. */
const COPIES = 2;

/** The answers of one connection that its transport has not taken: their number, and the memory of large responses. */
export class UnsentAnswers {
  readonly #memory: HeldBytes;
  readonly #max: number;
  #count = 0;
  /** How many of them are still in the current batch. */
  #gathered = 0;
  #bytes = 0;

  /** @param max how many may wait */
  constructor(memory: HeldBytes, max: number) {
    this.#memory = memory;
    this.#max = max;
  }

  /** How many wait, if these are too many. */
  get excess(): number | undefined {
    return this.#count > this.#max ? this.#count : undefined;
  }

  /** One more answer is about to be written. */
  add(): void {
    this.#count += 1;
    this.#gathered += 1;
  }

  /** The current batch is written: returns the callback for when the transport has taken it; undefined without answers. */
  flushed(): (() => void) | undefined {
    const count = this.#gathered;
    if (count === 0) return undefined;
    this.#gathered = 0;
    return () => {
      this.#count -= count;
    };
  }

  /** Takes the memory of a response of more than {@link SMALL_RESPONSE}. @throws RpcError RESOURCE_EXHAUSTED */
  hold({ length }: { readonly length: number }): void {
    const bytes = length * COPIES;
    this.#memory.take(bytes);
    this.#bytes += bytes;
  }

  /** Gives back the memory of all of them: the transport has taken everything, or never will. */
  taken(): void {
    if (this.#bytes === 0) return;
    this.#memory.give(this.#bytes);
    this.#bytes = 0;
  }
}
