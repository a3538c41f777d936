import { throwToCaller } from "../base/async/throw-to-caller.js";
import type { RpcError } from "../contract/rpc-error.js";
import { itemCost, MAX_WINDOW, type WindowBudget } from "./flow-control.js";
import { ProtocolError } from "./frame.js";

/** Consumed items that stay in the list before it is compacted: compacting at each one would be quadratic. */
const COMPACT = 256;

/** Bytes of the largest item that raw bytes are joined into. */
const JOINED = 256 * 1024;

/** Bytes of the smallest raw items that are joined: applications may give each small one a meaning. */
const JOINABLE = 8 * 1024;

interface Arrived<Item> {
  readonly item: Item;
  readonly cost: number;
}

interface Pull<Item> {
  readonly resolve: (result: IteratorResult<Item, undefined>) => void;
  readonly reject: (error: RpcError) => void;
}

/** What a receiver needs of its call. */
interface ReceiverHooks {
  /** Grants the sender more credit, in bytes. */
  readonly grant: (bytes: number) => void;
  /** The consumer stopped before the end. */
  readonly cancel: () => void;
}

/**
 * The receiving side of a stream: an async iterator over its items. It grants credit only as its consumer takes items, so it
 * buffers at most its window and one item. Large raw items that wait are joined: a consumer that is slower than its sender
 * then has fewer of them to process.
 */
export class ItemReceiver<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #hooks: ReceiverHooks;
  readonly #budget: WindowBudget;
  #window: number;
  /** Bytes that the window has grown by. */
  #grown = 0;
  #credit: number;
  /** Bytes consumed and not granted yet: granted in halves of the window, because a frame for each item would be too many. */
  #ungranted = 0;
  #items: Arrived<Item>[] = [];
  #first = 0;
  #pulls: Pull<Item>[] = [];
  #ended = false;
  #error: RpcError | undefined;
  #onDrained: (() => void) | undefined;

  /**
   * @param window the initial credit in bytes, which the sender already has
   * @param budget what the window may grow by
   */
  constructor(window: number, budget: WindowBudget, hooks: ReceiverHooks) {
    this.#window = this.#credit = window;
    this.#budget = budget;
    this.#hooks = hooks;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Whether the stream has ended, or its consumer has stopped. */
  get ended(): boolean {
    return this.#ended;
  }

  /** An item of `bytes` payload arrived. @throws ProtocolError if the sender had no credit */
  push(item: Item, bytes: number): void {
    if (this.#credit <= 0) throw new ProtocolError("an item beyond the credit of its stream");
    const cost = itemCost(bytes);
    this.#credit -= cost;
    if (this.#ended) return;
    const pull = this.#pulls.shift();
    if (pull === undefined) this.#items.push({ item, cost });
    else {
      this.#consumed(cost);
      pull.resolve({ done: false, value: item });
    }
  }

  /** Ends the stream. Buffered items can still be consumed; then the iteration ends, or throws `error`. */
  end(error?: RpcError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const pull of this.#pulls.splice(0)) this.#settle(pull);
  }

  /** As {@link end}, and drops buffered items. */
  abort(error: RpcError): void {
    this.#drop();
    this.end(error);
    this.release();
  }

  /**
   * Calls `listener` when the consumer has taken all items and asks for another: a fault behind them takes effect there, so
   * that what the consumer answers before it is not lost. Never where the consumer stops before.
   */
  whenDrained(listener: () => void): void {
    if (this.#pulls.length > 0 || this.#ended) listener();
    else this.#onDrained = listener;
  }

  /**
   * The call is over: returns what the window has grown by. Not when the last item has arrived, because buffered items still
   * fill the window.
   */
  release(): void {
    this.#budget.give(this.#grown);
    this.#grown = 0;
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    const arrived = this.#shift();
    if (arrived !== undefined) {
      const { item, cost } = this.#joined(arrived);
      // A consumer that takes half a window at once was behind, though nothing is buffered now.
      this.#consumed(cost, cost > arrived.cost && cost >= this.#window / 2);
      return Promise.resolve({ done: false, value: item });
    }
    const result = new Promise<IteratorResult<Item, undefined>>((resolve, reject) => {
      if (this.#ended) this.#settle({ resolve, reject });
      else this.#pulls.push({ resolve, reject });
    }).catch(throwToCaller);
    this.#onDrained?.();
    // The peer must not be able to crash this process: the consumer may not be awaiting this promise yet.
    result.catch(() => undefined);
    return result;
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

  #joined(arrived: Arrived<Item>): Arrived<Item> {
    if (!isJoinable(arrived.item)) return arrived;
    const parts: Uint8Array[] = [arrived.item];
    let { cost } = arrived;
    let size = arrived.item.length;
    for (;;) {
      const next = this.#items[this.#first]?.item;
      if (!isJoinable(next) || size + next.length > JOINED) break;
      size += next.length;
      cost += (this.#shift() as Arrived<Item>).cost;
      parts.push(next);
    }
    return parts.length === 1 ? arrived : { item: Buffer.concat(parts, size) as Item, cost };
  }

  #shift(): Arrived<Item> | undefined {
    const arrived = this.#items[this.#first];
    if (arrived === undefined) return undefined;
    this.#first++;
    if (this.#first === this.#items.length) this.#drop();
    else if (this.#first === COMPACT) {
      this.#items.splice(0, COMPACT);
      this.#first = 0;
    }
    return arrived;
  }

  #drop(): void {
    this.#items = [];
    this.#first = 0;
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
    if (this.#items.length > 0 || this.#window + more > MAX_WINDOW || !this.#budget.take(more)) return 0;
    this.#window += more;
    this.#grown += more;
    return more;
  }

  /** The error is thrown once; later calls find the stream done. */
  #settle({ resolve, reject }: Pull<Item>): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) resolve({ done: true, value: undefined });
    else reject(error);
  }
}

function isJoinable(item: unknown): item is Uint8Array {
  return item instanceof Uint8Array && item.length >= JOINABLE;
}
