import type { ConnectionAccount } from "./connection-account.js";
import type { Excess } from "./quotas.js";

/** Characters of a response that is not accounted for: the batch that it waits in is small. */
export const SMALL_RESPONSE = 4096;

/** A response is in memory as text, and as the bytes of its frame. */
const COPIES = 2;

/** The memory of the responses of one connection that its transport has not taken. */
export class UnsentResponses {
  readonly #account: ConnectionAccount;
  #bytes = 0;

  constructor(account: ConnectionAccount) {
    this.#account = account;
  }

  /** Takes the memory of a response of more than {@link SMALL_RESPONSE}, or tells why not. */
  hold({ length }: { readonly length: number }): Excess | undefined {
    const bytes = length * COPIES;
    const excess = this.#account.take("bytes", bytes);
    if (excess === undefined) this.#bytes += bytes;
    return excess;
  }

  /** Gives back the memory of all of them: the transport has taken everything, or never will. */
  taken(): void {
    if (this.#bytes === 0) return;
    this.#account.give("bytes", this.#bytes);
    this.#bytes = 0;
  }
}
