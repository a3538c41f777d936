import type { ConnectionAccount } from "../../base/accounts/connection-account.js";
import { overQuota } from "./over-quota.js";

/** Bytes that a connection holds without asking its account: ordinary connections never hold more. */
const FLAT = 64 * 1024;

/** Bytes that are taken from the account at once: a stream whose consumer is a little behind must not ask it for each item. */
const BLOCK = 64 * 1024;

/** The memory that one connection holds for its peer, as charged to the connection's account. */
export class HeldBytes {
  readonly #account: Pick<ConnectionAccount, "take" | "give"> | undefined;
  #held = 0;
  /** Bytes that are held as long as the connection lives. */
  #kept = 0;
  /** What was taken from the account: whole blocks. */
  #charged = 0;
  #closed = false;

  /** @param account absent where nothing is limited */
  constructor(account?: Pick<ConnectionAccount, "take" | "give">) {
    this.#account = account;
  }

  /** Bytes that are held. */
  get held(): number {
    return this.#held;
  }

  /** Holds bytes until they are given back. @throws RpcError RESOURCE_EXHAUSTED where the account has no room; none are held then */
  take(bytes: number): void {
    const held = this.#held + bytes;
    if (this.#account !== undefined && held > FLAT + this.#charged) this.#charge(held - FLAT, this.#account);
    this.#held = held;
  }

  /** Gives back bytes that were taken. */
  give(bytes: number): void {
    this.#held -= bytes;
    if (this.#charged === 0) return;
    const spare = this.#charged - Math.max(0, this.#held - FLAT);
    if (spare > 2 * BLOCK || this.#held <= FLAT) this.#return(Math.floor(spare / BLOCK) * BLOCK);
  }

  /** Holds bytes as long as the connection lives. @throws RpcError as {@link take} */
  keep(bytes: number): void {
    this.take(bytes);
    this.#kept += bytes;
  }

  /** The connection has ended. Handlers may outlive it, and give back what they hold when they are done. */
  close(): void {
    this.#closed = true;
    this.give(this.#kept);
    this.#kept = 0;
  }

  #charge(bytes: number, account: Pick<ConnectionAccount, "take">): void {
    if (this.#closed) return;
    const more = Math.ceil((bytes - this.#charged) / BLOCK) * BLOCK;
    const error = overQuota(account.take("bytes", more));
    if (error !== undefined) throw error;
    this.#charged += more;
  }

  #return(bytes: number): void {
    if (bytes === 0) return;
    this.#charged -= bytes;
    this.#account?.give("bytes", bytes);
  }
}
