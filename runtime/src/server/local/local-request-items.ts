import { AsyncResource } from "node:async_hooks";
import type { ConnectionAccount } from "../../base/accounts/connection-account.js";
import { errorMessage } from "../../base/error-message.js";
import { checkMethodSize, checkShape } from "../../codec/check-shape.js";
import { EncodedJson } from "../../codec/encoded-json.js";
import { checkItem, encodeItem } from "../../codec/items.js";
import { jsonCodec } from "../../codec/json.js";
import { RpcError } from "../../contract/rpc-error.js";
import { HeldBytes } from "../../wire/flow/held-bytes.js";
import { WindowBudget } from "../../wire/flow/stream-window.js";
import { ItemReceiver } from "../../wire/item-receiver.js";
import { type ItemSource, iteratorOf, releaseUnread } from "../../wire/iterator-of.js";
import { tooLarge } from "../../wire/limits.js";
import type { RequestItemChecks } from "../call/call-port.js";

/** Stands for the one item that is read ahead: it needs no encoding. */
const AHEAD = { buffer: Buffer.alloc(0), start: 0, end: 0, flags: 0 };

/**
 * The request stream of a call in this process: reads its source one item ahead of the handler, and checks each item as
 * one from the wire is checked. The source runs in the asynchronous context of the caller.
 */
export class LocalRequestItems {
  readonly #source: ItemSource<unknown>;
  readonly #maxItem: number;
  readonly #memory: HeldBytes;
  readonly #context = new AsyncResource("SSHRPC_LOCAL_ITEMS");
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  #resume: (() => void) | undefined;
  #isOver = false;
  #mayPush = true;
  /** The item that is read ahead, or the fault in its place. */
  #ahead: { readonly item: unknown } | { readonly error: RpcError } | undefined;
  /** The weights of the item that is read ahead, and of the one that the handler has. */
  #weightAhead = 0;
  #weightTaken = 0;
  /** Bytes of the items that the source gave. */
  received = 0;
  /** Number of items that the source gave. */
  items = 0;

  /** @param account of the caller's connection, which holds the items */
  constructor(source: ItemSource<unknown>, maxItem: number, account: ConnectionAccount) {
    this.#source = source;
    this.#maxItem = maxItem;
    this.#memory = new HeldBytes(account);
  }

  /** Begins to read the source. Called once. */
  start(checks: RequestItemChecks): ItemReceiver<unknown> {
    const grant = (): void => {
      this.#mayPush = true;
      this.#resume?.();
    };
    const windows = { window: 1, budget: new WindowBudget(0) };
    const reader = { isRaw: false, decode: () => this.#take() };
    const hooks = { grant, cancel: () => this.stop(), failed: checks.abort };
    const items = new ItemReceiver<unknown>(windows, reader, hooks);
    void this.#read(items, checks);
    return items;
  }

  /** Reads no further item, and closes the source. */
  stop(): void {
    this.#memory.give(this.#weightAhead + this.#weightTaken);
    this.#weightAhead = this.#weightTaken = 0;
    if (this.#isOver) return;
    this.#isOver = true;
    this.#resume?.();
    const iterator = this.#iterator;
    this.#context.runInAsyncScope(() => {
      if (iterator === undefined) releaseUnread(this.#source);
      else void closeSource(iterator);
    });
  }

  async #read(items: ItemReceiver<unknown>, checks: RequestItemChecks): Promise<void> {
    try {
      this.#iterator = this.#context.runInAsyncScope(() => iteratorOf(this.#source));
      while (!this.#isOver) {
        const next = await this.#next();
        if (this.#isOver) return;
        if (next.done === true) {
          this.#isOver = true;
          items.end();
          return;
        }
        for (const { item, size, weight } of decode(next.value, checks, this.#maxItem)) {
          await this.#room();
          if (this.#isOver) return;
          checks.authorize();
          this.#memory.take(weight);
          this.#weightAhead = weight;
          this.received += size;
          this.items += 1;
          this.#push(items, { item });
        }
        await this.#room();
      }
    } catch (error) {
      if (this.#isOver) return;
      if (error instanceof RpcError && error.status === "BAD_REQUEST") {
        await this.#room();
        if (!this.#isOver) this.#push(items, { error });
      } else checks.abort(error instanceof RpcError ? error : sourceFailed(error));
    }
  }

  #push(items: ItemReceiver<unknown>, ahead: { readonly item: unknown } | { readonly error: RpcError }): void {
    this.#mayPush = false;
    this.#ahead = ahead;
    items.push(AHEAD);
  }

  /** The handler takes the item that was read ahead. */
  #take(): unknown {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    this.#memory.give(this.#weightTaken);
    this.#weightTaken = this.#weightAhead;
    this.#weightAhead = 0;
    if (ahead !== undefined && "error" in ahead) throw ahead.error;
    return ahead?.item;
  }

  async #next(): Promise<IteratorResult<unknown>> {
    const iterator = this.#iterator as AsyncIterator<unknown>;
    return this.#context.runInAsyncScope(() => iterator.next());
  }

  async #room(): Promise<void> {
    while (!this.#mayPush && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
  }
}

/** Decodes what a source gave; raw bytes are split if they are over the limit of an item. */
function* decode(
  item: unknown,
  { type, shape, maxSize }: RequestItemChecks,
  maxItem: number,
): Generator<{ readonly item: unknown; readonly size: number; readonly weight: number }> {
  const format = { type, codec: jsonCodec, status: "BAD_REQUEST" } as const;
  if (type === "bytes") {
    const bytes = encodeItem(item, format) as Uint8Array;
    for (let start = 0; start < bytes.length; start += maxItem) {
      const piece = bytes.subarray(start, start + maxItem);
      yield {
        item: Buffer.from(piece.buffer, piece.byteOffset, piece.length),
        size: piece.length,
        weight: piece.length,
      };
    }
    return;
  }
  const json = item instanceof EncodedJson ? item : new EncodedJson(encodeItem(item, format) as string);
  const size = Buffer.byteLength(json.text);
  if (size > maxItem) throw tooLarge(size, maxItem, "item");
  checkMethodSize(size, maxSize, "item");
  const weight = checkShape({ buffer: Buffer.from(json.text), start: 0, end: size }, shape);
  checkItem(json.value, type, "BAD_REQUEST", json.source);
  yield { item: json.value, size, weight };
}

async function closeSource(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {} // The call has ended already: its status is not changed by how its source closes.
}

function sourceFailed(error: unknown): RpcError {
  return new RpcError("CANCELLED", `the request stream failed: ${errorMessage(error)}`, { cause: error });
}
