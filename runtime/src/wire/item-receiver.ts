import type { RpcError } from "../contract/rpc-error.js";
import { itemCost } from "./credit.js";
import { ProtocolError } from "./protocol-error.js";
import { MAX_WINDOW, type WindowBudget } from "./window-budget.js";

/** How many taken items stay in the list before it is cut: cutting at each one would be quadratic. */
const COMPACT = 256;

/** Bytes of the largest piece that raw bytes are joined into. */
const JOINED = 256 * 1024;

/** Bytes of the smallest pieces that are joined: small ones may mean something, one by one, to who sends and takes them. */
const JOINABLE = 8 * 1024;

interface Arrived<Item> {
  readonly item: Item;
  readonly cost: number;
}

interface Pull<Item> {
  readonly resolve: (result: IteratorResult<Item, undefined>) => void;
  readonly reject: (error: RpcError) => void;
}

/** What a receiver asks of its call. */
export interface ReceiverHooks {
  /** Lets the sender send so many bytes more. */
  readonly grant: (bytes: number) => void;
  /** The consumer left before the end. */
  readonly leave: () => void;
}

/**
 * One direction of a call, seen by the side that receives: an async iterator over what arrived. It lets the sender send
 * on only as its consumer takes items, so it holds at most its window and one item. Large pieces of raw bytes that wait
 * are taken together: a consumer that is slower than its sender has fewer of them to write somewhere then.
 */
export class ItemReceiver<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #hooks: ReceiverHooks;
  readonly #budget: WindowBudget;
  #window: number;
  /** What the window has grown by. */
  #grown = 0;
  #credit: number;
  /** What was taken and not yet granted again: told in halves of the window, for a frame for each item is too many. */
  #taken = 0;
  #items: Arrived<Item>[] = [];
  #first = 0;
  #pulls: Pull<Item>[] = [];
  #ended = false;
  #error: RpcError | undefined;

  /**
   * @param window bytes that the sender may send ahead of the consumer at first; the sender knows of them already
   * @param budget where more comes from
   */
  constructor(window: number, budget: WindowBudget, hooks: ReceiverHooks) {
    this.#window = this.#credit = window;
    this.#budget = budget;
    this.#hooks = hooks;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Whether nothing more will arrive, or nobody is there to take it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** An item has arrived. @throws ProtocolError where the sender had no credit for it */
  push(item: Item, bytes: number): void {
    if (this.#credit <= 0) throw new ProtocolError("an item beyond the credit of its stream");
    const cost = itemCost(bytes);
    this.#credit -= cost;
    if (this.#ended) return;
    const pull = this.#pulls.shift();
    if (pull === undefined) this.#items.push({ item, cost });
    else {
      this.#took(cost);
      pull.resolve({ done: false, value: item });
    }
  }

  /** Nothing more will arrive. What has arrived can still be taken; then the iteration ends, or throws `error`. */
  end(error?: RpcError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const pull of this.#pulls.splice(0)) this.#settle(pull);
  }

  /** As {@link end}, and what has arrived is dropped. */
  abort(error: RpcError): void {
    this.#drop();
    this.end(error);
    this.release();
  }

  /**
   * The call is over: gives back what the window has grown by. Not when the last item has arrived, for those that wait to
   * be taken still fill the window.
   */
  release(): void {
    this.#budget.give(this.#grown);
    this.#grown = 0;
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    const arrived = this.#shift();
    if (arrived !== undefined) {
      const { item, cost } = this.#joined(arrived);
      // Whoever takes half a window together was behind, though nothing waits now.
      this.#took(cost, cost > arrived.cost && cost >= this.#window / 2);
      return Promise.resolve({ done: false, value: item });
    }
    const result = new Promise<IteratorResult<Item, undefined>>((resolve, reject) => {
      if (this.#ended) this.#settle({ resolve, reject });
      else this.#pulls.push({ resolve, reject });
    });
    // The other side must not be able to end this process: whoever asked may wait for something else at this moment.
    result.catch(() => undefined);
    return result;
  }

  /** The consumer has left, as by `break`. */
  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#drop();
    if (!this.#ended) {
      this.end();
      this.#hooks.leave();
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

  #took(cost: number, isBehind = false): void {
    this.#taken += cost;
    if (this.#ended || this.#taken < this.#window / 2) return;
    const bytes = this.#taken + (isBehind ? 0 : this.#grow());
    this.#credit += bytes;
    this.#taken = 0;
    this.#hooks.grant(bytes);
  }

  /** A consumer that has nothing left to take waits for its sender: a larger window keeps both at work. */
  #grow(): number {
    const more = this.#window;
    if (this.#items.length > 0 || this.#window + more > MAX_WINDOW || !this.#budget.take(more)) return 0;
    this.#window += more;
    this.#grown += more;
    return more;
  }

  /** The error is thrown once; who asks again is told that it is over. */
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
