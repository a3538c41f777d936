import type { HeldBytes } from "./held-bytes.js";

/** Characters of a response that is not accounted for: the batch that it waits in is small. */
export const SMALL_RESPONSE = 4096;

/** A response is in memory as text, and as the bytes of its frame. */
const COPIES = 2;

/** The memory of the responses of one connection that its transport has not taken. */
export class UnsentResponses {
  readonly #memory: HeldBytes;
  #bytes = 0;

  constructor(memory: HeldBytes) {
    this.#memory = memory;
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
