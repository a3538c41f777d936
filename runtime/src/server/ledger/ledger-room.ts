import { shareOf } from "../../base/accounts/meters.js";
import { RpcError } from "../../contract/rpc-error.js";

/** How much a ledger keeps. */
export interface LedgerBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly maxKeyEntries: number;
  readonly maxKeyBytes: number;
}

/** Milliseconds after which to try again: when callers tell that they have their outcomes is unknown. */
const RETRY_AFTER = 1000;

/** What the ledger keeps for one identity. */
export interface KeyRoom {
  entries: number;
  bytes: number;
}

/** Counts the entries and bytes of a ledger, so that no key can take it from the others. */
export class LedgerRoom {
  readonly #bounds: LedgerBounds;
  readonly #all: KeyRoom = { entries: 0, bytes: 0 };

  constructor(bounds: LedgerBounds) {
    this.#bounds = bounds;
  }

  /**
   * Takes the room of one more entry. Outcomes may exceed the bytes, by those of the calls that run: they are kept in any case.
   * @param keys the number of identities with entries
   * @throws RpcError RESOURCE_EXHAUSTED
   */
  take(key: KeyRoom, bytes: number, keys: number): void {
    const { maxEntries, maxBytes, maxKeyEntries, maxKeyBytes } = this.#bounds;
    if (key.entries >= maxKeyEntries) throw full("this key", `${maxKeyEntries} outcomes`, "maxKeyEntries");
    if (key.bytes >= maxKeyBytes) throw full("this key", `${maxKeyBytes} bytes of outcomes`, "maxKeyBytes");
    if (this.#all.entries >= maxEntries && key.entries >= shareOf(maxEntries, keys))
      throw full("the server", `${maxEntries} outcomes`, "maxEntries");
    if (this.#all.bytes >= maxBytes && key.bytes >= shareOf(maxBytes, keys))
      throw full("the server", `${maxBytes} bytes of outcomes`, "maxBytes");
    this.hold(key, bytes);
  }

  /** Takes the room of an entry in any case. */
  hold(key: KeyRoom, bytes: number): void {
    key.entries += 1;
    this.#all.entries += 1;
    this.add(key, bytes);
  }

  /** Takes further bytes of an entry. */
  add(key: KeyRoom, bytes: number): void {
    key.bytes += bytes;
    this.#all.bytes += bytes;
  }

  /** Gives back the room of an entry. */
  give(key: KeyRoom, bytes: number): void {
    key.entries -= 1;
    this.#all.entries -= 1;
    this.add(key, -bytes);
  }
}

function full(whose: string, amount: string, option: string): RpcError {
  const message = `${whose} has ${amount} in the ledger of idempotency keys already (ledger.${option})`;
  return new RpcError("RESOURCE_EXHAUSTED", message, { details: { retryAfter: RETRY_AFTER } });
}
