import type { ReceiveWindow } from "./connection-window.js";

/** The maximum credit of a stream; more is a bug, or an attempt to overflow a counter. */
export const MAX_CREDIT = 0x7fff_ffff;

/** The largest window that a stream grows to: as much as an ssh2 channel has in flight. */
export const MAX_WINDOW = 2 * 1024 * 1024;

/**
 * The bytes by which the windows of a connection's streams may grow together. A stream starts with a small window, so that
 * a thousand idle ones buffer little; a stream whose consumer keeps up takes more from here.
 */
export class WindowBudget {
  #available: number;

  constructor(bytes: number) {
    this.#available = bytes;
  }

  /** Takes this many bytes; false if fewer are available. */
  take(bytes: number): boolean {
    if (bytes > this.#available) return false;
    this.#available -= bytes;
    return true;
  }

  /** Returns bytes that were taken. */
  give(bytes: number): void {
    this.#available += bytes;
  }
}

/** The windows of a received stream. */
export interface StreamWindowConfig {
  /** The initial credit in bytes, which the sender already has. */
  readonly window: number;
  /** What the window may grow by. */
  readonly budget: WindowBudget;
}

/** The flow control of a received stream: its own window, and what it takes of the window and the memory of its connection. */
export class StreamWindow {
  readonly #budget: WindowBudget;
  readonly #initial: number;
  #window: number;
  /** Bytes that the window has grown by. */
  #grown = 0;
  #credit: number;
  /** Bytes consumed and not granted yet: granted in halves of the window, because a frame for each item would be too many. */
  #ungranted = 0;
  /** That of its items, once one has arrived, until the call is over. */
  #connection: ReceiveWindow | undefined;
  #isOver = false;
  /** The cost of the waiting items, how much of it is charged as memory, and the weight of the item that the consumer has. */
  #waiting = 0;
  #kept = 0;
  #weight = 0;

  constructor({ window, budget }: StreamWindowConfig) {
    this.#initial = this.#window = this.#credit = window;
    this.#budget = budget;
  }

  /** The cost of the waiting items. */
  get waiting(): number {
    return this.#waiting;
  }

  /** An item arrives on this connection, and fills the windows until it is consumed; false if the sender had no credit. */
  arrive(cost: number, connection: ReceiveWindow | undefined): boolean {
    if (this.#credit <= 0) return false;
    this.#credit -= cost;
    if (this.#isOver) connection?.consumed(cost);
    else {
      this.#connection = connection;
      this.#waiting += cost;
    }
    return true;
  }

  /** Waiting items are copied. @throws RpcError RESOURCE_EXHAUSTED if the connection may hold no more */
  keep(cost: number): void {
    if (this.#connection === undefined) return;
    this.#connection.memory.take(cost);
    this.#kept += cost;
  }

  /** The first of the waiting items were consumed, or all of them dropped. */
  consume(cost = this.#waiting): void {
    if (this.#connection === undefined) return;
    this.#waiting -= cost;
    if (this.#kept > 0) {
      const kept = Math.min(this.#kept, cost);
      this.#kept -= kept;
      this.#connection.memory.give(kept);
    }
    this.#connection.consumed(cost);
  }

  /**
   * The bytes to grant the sender for items that were consumed; 0 if they are not worth a frame.
   * @param consumer whether it keeps up: one that waits for its sender gets a larger window, so that both are busy
   */
  grant(cost: number, consumer: "keeps up" | "is behind"): number {
    this.#ungranted += cost;
    if (this.#ungranted < this.#window / 2) return 0;
    const bytes = this.#ungranted + (consumer === "keeps up" ? this.#grow() : 0);
    this.#credit += bytes;
    this.#ungranted = 0;
    return bytes;
  }

  /** Whether this much consumed at once means that the consumer was behind, though nothing waits now. */
  isMuch(cost: number): boolean {
    return cost >= this.#window / 2;
  }

  /** The consumer is about to get an item of this weight. @throws RpcError RESOURCE_EXHAUSTED as {@link keep} */
  load(weight: number): void {
    if (weight === 0 || this.#connection === undefined) return;
    this.#connection.memory.take(weight);
    this.#weight += weight;
  }

  /** The consumer no longer works on the item that it has. */
  unload(): void {
    if (this.#weight === 0) return;
    this.#connection?.memory.give(this.#weight);
    this.#weight = 0;
  }

  /**
   * The call is over: gives back what the window has grown by, and what is held of the connection. Not when the last item has
   * arrived, because buffered items still fill the windows.
   */
  release(): void {
    this.#budget.give(this.#grown);
    this.#grown = 0;
    this.unload();
    this.consume();
    this.#isOver = true;
    this.#connection = undefined;
  }

  /** The stream begins anew on another connection. */
  restart(): void {
    this.release();
    this.#isOver = false;
    this.#window = this.#credit = this.#initial;
    this.#ungranted = 0;
  }

  #grow(): number {
    const more = this.#window;
    if (this.#window + more > MAX_WINDOW || !this.#budget.take(more)) return 0;
    this.#window += more;
    this.#grown += more;
    return more;
  }
}
