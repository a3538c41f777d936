import type { ReceiveWindow } from "./connection-window.js";

/** What one received stream holds of its connection: the items that wait, and the memory of the one that its consumer has. */
export class StreamLoad {
  /** The window of the connection, once an item has arrived, until the call is over. */
  #connection: ReceiveWindow | undefined;
  #isOver = false;
  /** The cost of the waiting items, and the weight of the one that the consumer has. */
  #held = 0;
  #weight = 0;

  /** Whether the call is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** An item arrives on this connection. */
  arrive(connection: ReceiveWindow | undefined): void {
    if (!this.#isOver) this.#connection = connection;
  }

  /** An item waits. @throws RpcError RESOURCE_EXHAUSTED if the connection may hold no more */
  hold(cost: number): void {
    this.#connection?.hold(cost);
    this.#held += cost;
  }

  /** Waiting items were consumed or dropped. */
  release(cost = this.#held): void {
    if (cost === 0) return;
    this.#held -= cost;
    this.#connection?.release(cost);
  }

  /** The consumer is about to get an item of this weight. @throws RpcError RESOURCE_EXHAUSTED as {@link hold} */
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

  /** The call is over: nothing is held any more. */
  end(): void {
    this.unload();
    this.release();
    this.#isOver = true;
    this.#connection = undefined;
  }
}
