import { rejectToCaller } from "../base/async/reject-to-caller.js";
import { errorMessage } from "../base/error-message.js";
import type { BytesView } from "../codec/codec.js";
import { RpcError } from "../contract/rpc-error.js";
import type { ReceiveWindow } from "./flow/connection-window.js";
import { StreamWindow, type StreamWindowConfig } from "./flow/stream-window.js";
import { type ItemView, itemCost, ProtocolError } from "./frame.js";
import { ItemQueue, JOINABLE } from "./item-queue.js";

/** Bytes of the largest chunk whose items need no copy until the next one is read: as much as a socket reads at once. */
const CHUNK = 64 * 1024;

const NO_PARTS: readonly BytesView[] = [];

interface Pull<Item> {
  readonly result: Promise<IteratorResult<Item, undefined>>;
  readonly resolve: (result: IteratorResult<Item, undefined> | Promise<never>) => void;
}

/** How the items of a stream are decoded, when its consumer takes them. */
export interface ItemReader<Item> {
  /** Whether they are raw bytes, whose boundaries have no meaning. */
  readonly isRaw: boolean;
  /** Decodes and checks an item. @throws RpcError if it is invalid */
  readonly decode: (item: ItemView) => Item;
  /**
   * Checks that an item may be decoded. Returns the bytes of memory that it then takes: charged before it is decoded, until the consumer
   * asks for the next one. Default: nothing is charged.
   * @throws RpcError if it may not
   */
  readonly weigh?: (item: BytesView) => number;
}

/** What a receiver needs of its call. */
export interface ReceiverHooks {
  /** Grants the sender more credit, in bytes. */
  readonly grant: (bytes: number) => void;
  /** The consumer stopped before the end. */
  readonly cancel: () => void;
  /** The call must end: the consumer has reached an item that cannot be decoded, or the connection may hold no more. */
  readonly failed: (reason: RpcError) => void;
}

/**
 * The receiving side of a stream: an async iterator over its items. It grants credit only as its consumer takes items, so it
 * buffers at most its window and one item. Items stay encoded until the consumer takes them: decoded ones may take twenty times
 * their size. Large raw items that wait are joined: a consumer that is slower than its sender then has fewer of them to process.
 */
export class ItemReceiver<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #reader: ItemReader<Item>;
  readonly #hooks: ReceiverHooks;
  readonly #window: StreamWindow;
  readonly #waiting: ItemQueue;
  #pulls: Pull<Item>[] = [];
  #received = 0;
  #items = 0;
  #ended = false;
  #error: RpcError | undefined;

  constructor(window: StreamWindowConfig, reader: ItemReader<Item>, hooks: ReceiverHooks) {
    this.#window = new StreamWindow(window);
    this.#reader = reader;
    this.#waiting = new ItemQueue(reader);
    this.#hooks = hooks;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Whether the stream has ended, or its consumer has stopped. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes of the items that were received. */
  get received(): number {
    return this.#received;
  }

  /** Number of items that were received. */
  get items(): number {
    return this.#items;
  }

  /**
   * An item arrived. It is decoded at once if the consumer waits for it.
   * @param connection whose window it fills until the consumer takes it
   * @throws ProtocolError if the sender had no credit
   */
  push(item: ItemView, connection?: ReceiveWindow): void {
    const size = item.end - item.start;
    const cost = itemCost(size);
    if (!this.#window.arrive(cost, connection)) throw new ProtocolError("an item beyond the credit of its stream");
    this.#received += size;
    this.#items += 1;
    if (this.#ended) this.#window.consume(cost);
    else if (this.#pulls.length > 0) this.#resolve(item, cost);
    else if (this.#waiting.push(item)) {
      // A larger buffer would be held for the item, and not charged.
      if (item.buffer.buffer.byteLength > CHUNK) this.keep();
      else connection?.keepLater(this);
    }
  }

  /** Copies the items that wait, because their chunk must not be held for them. */
  keep(): void {
    const cost = this.#waiting.keep();
    if (cost === 0) return;
    try {
      this.#window.keep(cost);
    } catch (error) {
      this.fail(error);
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
    this.#window.release();
  }

  /** Drops what waits, because the stream begins anew on another connection, with the initial credit. */
  restart(): void {
    this.#drop();
    this.#window.restart();
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    this.#window.unload();
    const first = this.#waiting.shift();
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
      this.fail(error);
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
  #resolve(item: ItemView, cost: number): void {
    try {
      const value = this.#decode(item, cost);
      this.#pulls.shift()?.resolve({ done: false, value });
    } catch (error) {
      this.fail(error);
    }
  }

  /** Decodes an item that has waited. Raw bytes are joined with those behind it, unless one read of the socket has brought them all. */
  #take(first: ItemView): Item {
    const size = first.end - first.start;
    const isJoined = this.#reader.isRaw && first.flags === 0 && size >= JOINABLE && this.#window.waiting > CHUNK;
    const parts = isJoined ? this.#waiting.shiftFollowing(size) : NO_PARTS;
    if (parts.length === 0) return this.#decode(first, itemCost(size));
    const cost = parts.reduce((sum, { start, end }) => sum + itemCost(end - start), itemCost(size));
    // A consumer that takes half a window at once was behind, though nothing is buffered now.
    return this.#decode(join([first, ...parts]), cost, this.#window.isMuch(cost));
  }

  #decode(item: ItemView, cost: number, isBehind = false): Item {
    this.#window.consume(cost);
    if (this.#reader.weigh !== undefined) this.#window.load(this.#reader.weigh(item));
    const value = this.#reader.decode(item);
    if (!this.#ended) {
      const bytes = this.#window.grant(cost, isBehind || this.#waiting.size > 0 ? "is behind" : "keeps up");
      if (bytes > 0) this.#hooks.grant(bytes);
    }
    return value;
  }

  /** The stream cannot go on: drops what waits, and ends the call. */
  fail(error: unknown): void {
    const reason = error instanceof RpcError ? error : new RpcError("INTERNAL", errorMessage(error), { cause: error });
    this.#drop();
    this.#hooks.failed(reason);
    // Already ended if the sender was faster, or by the call.
    if (this.#ended && this.#pulls.length > 0) this.#error = reason;
    this.end(reason);
    this.#settle();
  }

  #drop(): void {
    this.#waiting.clear();
    this.#window.consume();
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

function join(parts: readonly BytesView[]): ItemView {
  const buffer = Buffer.concat(parts.map(({ buffer, start, end }) => buffer.subarray(start, end)));
  return { buffer, start: 0, end: buffer.length, flags: 0 };
}
