import type { ConnectionAccount } from "../../base/accounts/connection-account.js";
import type { Excess } from "../../base/accounts/quotas.js";
import { RpcError } from "../../contract/rpc-error.js";
import { overQuota } from "../../wire/flow/over-quota.js";

/** Bytes of memory of a call without its request: the call, its timer and its promises. */
const WEIGHT = 2048;

/** A request is in memory as text, and as the bytes of its frame. */
const COPIES = 2;

/**
 * Charges calls to the account of another connection: that of the call whose handler makes them. A key that calls a method which
 * calls all clients would otherwise cause any number of calls that no limit counts, and work in the turns of those who answer.
 */
export class CallCharge {
  readonly #account: ConnectionAccount;
  /** That of the calls which are refused now. */
  #refusal: RpcError | undefined;

  constructor(account: ConnectionAccount) {
    this.#account = account;
  }

  /** A call begins. @returns what is called when it has ended @throws RpcError RESOURCE_EXHAUSTED; nothing is charged then */
  begin({ length }: { readonly length: number }, method: string): () => void {
    const bytes = WEIGHT + length * COPIES;
    this.#account.key.turn.add();
    const noCall = this.#account.take("callbacks", 1);
    if (noCall !== undefined) throw this.#refuse(noCall, method);
    const noBytes = this.#account.take("bytes", bytes);
    if (noBytes === undefined) return () => this.#end(bytes);
    this.#account.give("callbacks", 1);
    throw this.#refuse(noBytes, method);
  }

  #end(bytes: number): void {
    this.#account.give("callbacks", 1);
    this.#account.give("bytes", bytes);
  }

  /** Settles a call in a turn of the key: what its handler does with the outcome is work of the key. */
  settle(resolve: () => void): void {
    const { turn } = this.#account.key;
    if (turn.begin() && !turn.step()) resolve();
    else turn.wait(resolve);
  }

  /** A handler that calls all clients gets one error for all of them: the stack of an error costs ten times as much as a call. */
  #refuse(excess: Excess, method: string): RpcError {
    if (this.#refusal?.method === method) return this.#refusal;
    if (this.#refusal === undefined)
      queueMicrotask(() => {
        this.#refusal = undefined;
      });
    // Without `retryAfter`: the handler has begun, so its caller must not send the call again.
    this.#refusal = new RpcError("RESOURCE_EXHAUSTED", overQuota(excess)?.message, { method });
    return this.#refusal;
  }
}
