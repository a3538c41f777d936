import { randomBytes } from "node:crypto";
import { IDEMPOTENCY_DONE, IDEMPOTENCY_KEY, MAX_DONE } from "../../contract/idempotency.js";
import type { AnnouncedLedger } from "../../wire/hello.js";
import { withPairs } from "../../wire/metadata.js";

/** Ledgers whose settled keys are remembered, and how many of each: what is forgotten here, the ledger forgets in its time. */
const MAX_LEDGERS = 16;
const MAX_SETTLED = 4096;

/** Makes the idempotency keys of a client, and tells the ledgers which of them are settled. */
export class IdempotencyKeys {
  readonly #client = randomBytes(16).toString("base64url");
  #last = 0;
  /** The numbers of the keys whose calls have ended, by the id of their ledger. */
  readonly #settled = new Map<string, number[]>();

  /** A number that no other call of this client has. */
  next(): number {
    this.#last += 1;
    return this.#last;
  }

  /** The key with this number. */
  key(number: number): string {
    return `${this.#client}.${number}`;
  }

  /** A call has ended: it is never sent again. */
  settle(ledger: string, number: number): void {
    const numbers = this.#settled.get(ledger);
    if (numbers !== undefined) {
      if (numbers.length < MAX_SETTLED) numbers.push(number);
      return;
    }
    if (this.#settled.size >= MAX_LEDGERS) this.#settled.delete(this.#settled.keys().next().value as string);
    this.#settled.set(ledger, [number]);
  }

  /** Takes what a ledger has not been told yet, as the value of a header; undefined if there is nothing. */
  takeSettled(ledger: string): string | undefined {
    const numbers = this.#settled.get(ledger);
    if (numbers === undefined || numbers.length === 0) return undefined;
    return numbers.length === 1 ? `${numbers.pop()}` : numbers.splice(0, MAX_DONE).join(",");
  }
}

/**
 * The idempotency key of one call. An attempt that may have run binds the call to the ledger of its server: only where the same ledger
 * is announced, and not after the time that it keeps outcomes for, the call can be sent again without a second effect.
 */
export class CallKey {
  readonly #keys: IdempotencyKeys;
  readonly #given: string | undefined;
  readonly #number: number;
  /** The ledger that the call was sent to, and when that was first. */
  #ledger: AnnouncedLedger | undefined;
  #sentAt = 0;
  #isBound = false;
  #metadata: string | undefined;

  /** @param given the key that the caller has chosen; undefined for one that the client makes */
  constructor(keys: IdempotencyKeys, given: string | undefined) {
    this.#keys = keys;
    this.#given = given;
    this.#number = given === undefined ? keys.next() : 0;
  }

  /** Whether the caller has chosen it: an earlier program may have sent it. */
  get isGiven(): boolean {
    return this.#given !== undefined;
  }

  /** Whether the attempt that was begun last has it. */
  get isSent(): boolean {
    return this.#ledger !== undefined;
  }

  /** Whether the call may be sent to a server with this ledger, or none. */
  fits(ledger: AnnouncedLedger | undefined): boolean {
    if (this.#isBound) return ledger !== undefined && ledger.id === this.#ledger?.id && this.#remaining > 0;
    return this.#given === undefined || ledger !== undefined;
  }

  /** Milliseconds in which the ledger that the call is bound to keeps its outcome; undefined if it is bound to none. */
  get timeLeft(): number | undefined {
    return this.#isBound ? this.#remaining : undefined;
  }

  /**
   * The encoded headers of an attempt at a server with this ledger. A made key is sent only to a ledger.
   * @param limit bytes of all headers
   * @throws RpcError MESSAGE_TOO_LARGE if the key that the caller has chosen does not fit
   */
  headers(metadata: string | undefined, ledger: AnnouncedLedger | undefined, limit: number): string | undefined {
    if (ledger === undefined) {
      this.#ledger = undefined;
      return metadata;
    }
    if (this.#ledger?.id === ledger.id && this.#metadata !== undefined) return this.#metadata;
    this.#ledger = ledger;
    this.#sentAt = performance.now();
    if (this.#given !== undefined) return this.#keep(withPairs(metadata, [[IDEMPOTENCY_KEY, this.#given]], limit));
    const made = this.#madePairs(ledger.id);
    const all = metadata === undefined ? `[${made}]` : `${metadata.slice(0, -1)},${made}]`;
    // A character of the caller's own headers may take three bytes.
    if (all.length * 3 <= limit || Buffer.byteLength(all) <= limit) return this.#keep(all);
    // They fill the limit: the call goes without a key, as to a server without a ledger.
    this.#ledger = undefined;
    return metadata;
  }

  /** The headers of a made key, whose characters need no escapes: each call of such a method has them. */
  #madePairs(ledger: string): string {
    const key = `["${IDEMPOTENCY_KEY}","${this.#keys.key(this.#number)}"]`;
    const settled = this.#keys.takeSettled(ledger);
    return settled === undefined ? key : `${key},["${IDEMPOTENCY_DONE}","${settled}"]`;
  }

  /** The last attempt failed, and its handler may have been called. */
  mayHaveRun(): void {
    if (this.#ledger !== undefined) this.#isBound = true;
  }

  /**
   * The call has ended. The outcome of one that was sent again is kept its whole time: its first attempt may still arrive, delayed by
   * the network, and must not run after the second one.
   */
  settle(): void {
    if (this.#given !== undefined || this.#ledger === undefined || this.#isBound) return;
    this.#keys.settle(this.#ledger.id, this.#number);
  }

  get #remaining(): number {
    return this.#sentAt + (this.#ledger?.keeps ?? 0) - performance.now();
  }

  #keep(metadata: string): string {
    this.#metadata = metadata;
    return metadata;
  }
}
