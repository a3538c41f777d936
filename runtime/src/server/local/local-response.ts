import type { EncodedValue } from "../../codec/codec.js";
import { EncodedJson, textOf } from "../../codec/encoded-json.js";
import type { RpcError } from "../../contract/rpc-error.js";
import { checkSize } from "../../wire/limits.js";
import type { ItemSink } from "../../wire/pump-items.js";

/** An item of a response stream: JSON, or bytes of a `Bytes` stream. */
export type LocalItem = EncodedJson | Buffer;

interface Pull {
  readonly resolve: (result: IteratorResult<LocalItem, undefined>) => void;
  readonly reject: (error: RpcError) => void;
}

/** Bytes of the largest piece of raw bytes that is delivered at once. */
const MAX_PIECE = 256 * 1024;

/** The response stream of a call in this process. The handler is asked for an item only when the consumer asks for one. */
export class LocalResponse implements ItemSink, AsyncIterableIterator<LocalItem, undefined> {
  readonly #maxItem: number;
  readonly #cancel: () => void;
  readonly #pulls: Pull[] = [];
  #end: { readonly error?: RpcError | undefined } | undefined;
  #closed: RpcError | undefined;
  #proceed: (() => void) | undefined;
  /** Bytes of the items that were delivered. */
  sent = 0;
  /** The position of the item that was delivered last, if it has one. */
  position: string | undefined;
  /** Number of items that were delivered. */
  items = 0;
  #onClose: (() => void) | undefined;

  /** @param cancel called when the consumer stops before the end */
  constructor(maxItem: number, cancel: () => void) {
    this.#maxItem = maxItem;
    this.#cancel = cancel;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<LocalItem, undefined>> {
    const result = new Promise<IteratorResult<LocalItem, undefined>>((resolve, reject) => {
      this.#pulls.push({ resolve, reject });
    });
    // A consumer that waits for something else at this moment sees the error later.
    result.catch(() => undefined);
    if (this.#end === undefined) this.#proceed?.();
    else this.#settle();
    return result;
  }

  async return(): Promise<IteratorResult<LocalItem, undefined>> {
    const isEarly = this.#end === undefined;
    this.end();
    if (isEarly) this.#cancel();
    return { done: true, value: undefined };
  }

  /** The call has its final status: the iteration ends, or throws `error` once. */
  end(error?: RpcError): void {
    this.#end ??= { error };
    this.#settle();
  }

  begin(): boolean {
    return this.#closed === undefined && this.#pulls.length > 0;
  }

  async ready(): Promise<void> {
    while (this.#closed === undefined && this.#pulls.length === 0) {
      await new Promise<void>((resolve) => {
        this.#proceed = resolve;
      });
      this.#proceed = undefined;
    }
    if (this.#closed !== undefined) throw this.#closed;
  }

  listenForClose(listener: () => void): void {
    this.#onClose = listener;
  }

  finish(): void {
    this.#onClose = undefined;
  }

  send(item: EncodedValue, position?: string): undefined {
    const text = textOf(item);
    checkSize(text, this.#maxItem, "item");
    this.#deliver(new EncodedJson(text), Buffer.byteLength(text), position);
  }

  sendBytes(bytes: Uint8Array, start: number, position?: string): number {
    const end = Math.min(bytes.length, start + MAX_PIECE, start + this.#maxItem);
    // A copy: the handler may reuse its memory once it is asked for the next item.
    this.#deliver(Buffer.from(bytes.subarray(start, end)), end - start, end === bytes.length ? position : undefined);
    return end;
  }

  /** No further item is delivered: a handler that waits to send one gets `reason`. */
  close(reason: RpcError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#proceed?.();
    this.#onClose?.();
  }

  #deliver(item: LocalItem, size: number, position: string | undefined): void {
    this.sent += size;
    this.position = position;
    this.items += 1;
    this.#pulls.shift()?.resolve({ done: false, value: item });
  }

  #settle(): void {
    for (const { resolve, reject } of this.#pulls.splice(0)) {
      const error = this.#end?.error;
      this.#end = {};
      if (error === undefined) resolve({ done: true, value: undefined });
      else reject(error);
    }
  }
}
