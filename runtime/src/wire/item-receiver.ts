import { rejectToCaller } from "../base/async/reject-to-caller.js";
import { errorMessage } from "../base/error-message.js";
import type { BytesView } from "../codec/codec.js";
import { RpcError } from "../contract/rpc-error.js";
import type { ReceiveWindow } from "./flow/connection-window.js";
import { ItemQueue, JOINABLE } from "./flow/item-queue.js";
import { StreamLoad } from "./flow/stream-load.js";
import { MAX_WINDOW, type WindowBudget } from "./flow/stream-window.js";
import { itemCost, ProtocolError } from "./frame.js";

interface Pull<Item> {
  readonly result: Promise<IteratorResult<Item, undefined>>;
  readonly resolve: (result: IteratorResult<Item, undefined> | Promise<never>) => void;
}

/** How the items of a stream are decoded, when its consumer takes them. */
export interface ItemReader<Item> {
  /** Whether they are raw bytes, whose boundaries have no meaning. */
  readonly isRaw: boolean;
  /** Decodes and checks an item. @throws RpcError if it is invalid */
  readonly decode: (item: BytesView) => Item;
  /**
   * Bytes of memory that a decoded item takes: charged before it is decoded, until the consumer asks for the next one. Default:
   * nothing is charged.
   * @throws RpcError if it is over a limit
   */
  readonly weigh?: (item: BytesView) => number;
}

/** What a receiver needs of its call. */
export interface ReceiverHooks {
  /** Grants the sender more credit, in bytes. */
  readonly grant: (bytes: number) => void;
  /** The consumer stopped before the end. */
  readonly cancel: () => void;
  /** The consumer has reached an item that cannot be decoded: the call ends with the reason, after all that was before it. */
  readonly failed: (reason: RpcError) => void;
}

/** The windows of a received stream. */
interface ReceiverWindows {
  /** The initial credit in bytes, which the sender already has. */
  readonly window: number;
  /** What the window may grow by. */
  readonly budget: WindowBudget;
}

/**
 * The receiving side of a stream: an async iterator over its items. It grants credit only as its consumer takes items, so it
 * buffers at most its window and one item. Items stay encoded until the consumer takes them: decoded ones may take twenty times
 * their size. Large raw items that wait are joined: a consumer that is slower than its sender then has fewer of them to process.
 */
export class ItemReceiver<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #reader: ItemReader<Item>;
  readonly #hooks: ReceiverHooks;
  readonly #budget: WindowBudget;
  #window: number;
  /** Bytes that the window has grown by. */
  #grown = 0;
  #credit: number;
  /** Bytes consumed and not granted yet: granted in halves of the window, because a frame for each item would be too many. */
  #ungranted = 0;
  readonly #items: ItemQueue;
  readonly #load = new StreamLoad();
  #pulls: Pull<Item>[] = [];
  #ended = false;
  #error: RpcError | undefined;

  constructor({ window, budget }: ReceiverWindows, reader: ItemReader<Item>, hooks: ReceiverHooks) {
    this.#window = this.#credit = window;
    this.#budget = budget;
    this.#reader = reader;
    this.#items = new ItemQueue(reader);
    this.#hooks = hooks;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Whether the stream has ended, or its consumer has stopped. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * An item arrived. It is decoded at once if the consumer waits for it, else copied.
   * @param connection what holds it until the consumer takes it
   * @throws ProtocolError if the sender had no credit; RpcError RESOURCE_EXHAUSTED if the connection may hold no more
   */
  push(item: BytesView, connection?: ReceiveWindow): void {
    if (this.#credit <= 0) throw new ProtocolError("an item beyond the credit of its stream");
    const cost = itemCost(item.end - item.start);
    this.#credit -= cost;
    if (this.#ended) return;
    this.#load.arrive(connection);
    if (this.#pulls.length > 0) this.#resolve(item, cost);
    else {
      this.#load.hold(cost);
      this.#items.push(item);
    }
  }

  /** Ends the stream. Buffered items can still be consumed; then the iteration ends, or throws `error`. */
  end(error?: RpcError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#settle();
  }

  /** As {@link end}, and drops buffered items. */
  abort(error: RpcError): void {
    this.#drop();
    this.end(error);
    this.release();
  }

  /**
   * The call is over: returns what the window has grown by, and what the connection holds for it. Not when the last item has
   * arrived, because buffered items still fill the windows. They can still be consumed.
   */
  release(): void {
    this.#budget.give(this.#grown);
    this.#grown = 0;
    this.#load.end();
    if (this.#items.size === 0) this.#items.clear();
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    this.#load.unload();
    const first = this.#items.shift();
    if (first === undefined) {
      if (this.#ended && this.#error === undefined) return Promise.resolve({ done: true, value: undefined });
      const result = this.#pull();
      if (this.#ended) this.#settle();
      return result;
    }
    try {
      return Promise.resolve({ done: false, value: this.#take(first) });
    } catch (error) {
      const result = this.#pull();
      this.#fail(error);
      return result;
    }
  }

  /** The consumer has stopped, as by `break`. */
  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#drop();
    if (!this.#ended) {
      this.end();
      this.#hooks.cancel();
    }
    this.release();
    this.#error = undefined;
    return { done: true, value: undefined };
  }

  #pull(): Promise<IteratorResult<Item, undefined>> {
    let resolve: Pull<Item>["resolve"] = () => undefined;
    const result = new Promise<IteratorResult<Item, undefined>>((resolveResult) => {
      resolve = resolveResult;
    });
    this.#pulls.push({ result, resolve });
    return result;
  }

  /** Gives an item that has just arrived to the consumer that waits for it. */
  #resolve(item: BytesView, cost: number): void {
    try {
      const value = this.#decode(item);
      this.#consumed(cost);
      this.#pulls.shift()?.resolve({ done: false, value });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Decodes an item that has waited. Raw bytes are joined with those behind it. */
  #take(first: BytesView): Item {
    const size = first.end - first.start;
    const cost = itemCost(size);
    this.#load.release(cost);
    const parts = this.#reader.isRaw && size >= JOINABLE ? this.#items.shiftFollowing(size) : [];
    if (parts.length === 0) {
      const value = this.#decode(first);
      this.#consumed(cost);
      // Its buffer can be reused: nothing more will arrive.
      if (this.#load.isOver && this.#items.size === 0) this.#items.clear();
      return value;
    }
    const joined = Buffer.concat([first, ...parts].map(({ buffer, start, end }) => buffer.subarray(start, end)));
    const value = this.#decode({ buffer: joined, start: 0, end: joined.length });
    const all = parts.reduce((sum, { start, end }) => sum + itemCost(end - start), cost);
    this.#load.release(all - cost);
    // A consumer that takes half a window at once was behind, though nothing is buffered now.
    this.#consumed(all, all >= this.#window / 2);
    return value;
  }

  #decode(item: BytesView): Item {
    if (this.#reader.weigh !== undefined) this.#load.load(this.#reader.weigh(item));
    return this.#reader.decode(item);
  }

  #fail(error: unknown): void {
    const reason = error instanceof RpcError ? error : new RpcError("INTERNAL", errorMessage(error), { cause: error });
    this.#drop();
    this.#hooks.failed(reason);
    // Already ended if the sender was faster, or by the call.
    if (this.#ended && this.#pulls.length > 0) this.#error = reason;
    this.end(reason);
    this.#settle();
  }

  #drop(): void {
    this.#items.clear();
    this.#load.release();
  }

  #consumed(cost: number, isBehind = false): void {
    this.#ungranted += cost;
    if (this.#ended || this.#ungranted < this.#window / 2) return;
    const bytes = this.#ungranted + (isBehind ? 0 : this.#grow());
    this.#credit += bytes;
    this.#ungranted = 0;
    this.#hooks.grant(bytes);
  }

  /** A consumer with an empty buffer waits for its sender: a larger window keeps both busy. */
  #grow(): number {
    const more = this.#window;
    if (this.#items.size > 0 || this.#window + more > MAX_WINDOW || !this.#budget.take(more)) return 0;
    this.#window += more;
    this.#grown += more;
    return more;
  }

  /** Answers those that wait. The error is thrown once; later calls find the stream done. */
  #settle(): void {
    for (const { result, resolve } of this.#pulls.splice(0)) {
      const error = this.#error;
      this.#error = undefined;
      resolve(error === undefined ? { done: true, value: undefined } : rejectToCaller(error));
      // The peer must not be able to crash this process: the consumer may not be awaiting this promise yet.
      result.catch(() => undefined);
    }
  }
}
