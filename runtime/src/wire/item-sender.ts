import type { RpcError } from "../contract/rpc-error.js";
import { itemCost, MAX_CREDIT } from "./credit.js";
import { FRAME } from "./frame.js";
import type { FrameWriter } from "./frame-writer.js";
import { tooLarge } from "./message-size.js";
import { ProtocolError } from "./protocol-error.js";
import type { WriteGate } from "./write-gate.js";

/**
 * One direction of a call, seen by the side that sends. An item may be sent while there is credit, even if it costs more
 * than is left: so an item of any size passes, and the receiver holds at most its window and one item.
 */
export class ItemSender {
  readonly #batch: FrameWriter;
  readonly #backlog: WriteGate;
  readonly #id: number;
  readonly #maxItem: number;
  #credit: number;
  #closed: RpcError | undefined;
  #proceed: (() => void) | undefined;
  /** Bytes of the items that were sent. */
  sent = 0;
  /** Set by the one who sends: nothing more can be sent. */
  onClose: (() => void) | undefined;

  /**
   * @param credit what the receiver takes to begin with
   * @param maxItem bytes that both sides take in one item
   */
  constructor(batch: FrameWriter, backlog: WriteGate, id: number, credit: number, maxItem: number) {
    this.#batch = batch;
    this.#backlog = backlog;
    this.#id = id;
    this.#credit = credit;
    this.#maxItem = maxItem;
  }

  /** Whether the call has ended. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Whether {@link ready} has something to wait for, or to throw. */
  get blocked(): boolean {
    return this.#closed !== undefined || this.#credit <= 0 || this.#backlog.full;
  }

  /** Resolves when the receiver and the transport take an item. One may wait at a time. @throws RpcError why it ended */
  async ready(): Promise<void> {
    while (this.#closed === undefined && (this.#credit <= 0 || this.#backlog.full)) await this.#wait();
    if (this.#closed !== undefined) throw this.#closed;
  }

  /**
   * Sends an item as JSON text, after {@link ready}.
   * @throws RpcError MESSAGE_TOO_LARGE
   */
  send(text: string): void {
    const size = Buffer.byteLength(text);
    if (size > this.#maxItem) throw tooLarge(size, this.#maxItem, "item");
    this.#add(text, size);
  }

  /**
   * Sends as many of the raw bytes from `start` as fill the packet that is being gathered, after {@link ready}; they are
   * copied. Returns where the rest begins.
   */
  sendBytes(bytes: Uint8Array, start: number): number {
    const size = Math.min(bytes.length - start, this.#batch.room, this.#maxItem);
    this.#add(bytes.subarray(start, start + size), size);
    return start + size;
  }

  /** Tells the receiver that no item will follow. */
  end(): void {
    if (this.#closed === undefined) this.#batch.add({ kind: FRAME.END, id: this.#id });
  }

  /** The receiver takes so many bytes more. @throws ProtocolError for more than a stream can have */
  grant(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > MAX_CREDIT) throw new ProtocolError(`credit of ${this.#credit} bytes for call ${this.#id}`);
    if (this.#credit > 0) this.#proceed?.();
  }

  /** Nothing more is sent: whoever waits is told why. */
  close(reason: RpcError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#proceed?.();
    this.onClose?.();
  }

  #add(body: string | Uint8Array, size: number): void {
    this.#credit -= itemCost(size);
    this.sent += size;
    this.#batch.add({ kind: FRAME.ITEM, id: this.#id, body });
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const proceed = (): void => {
        this.#backlog.forget(proceed);
        this.#proceed = undefined;
        resolve();
      };
      this.#proceed = proceed;
      if (this.#credit > 0) this.#backlog.wait(proceed);
    });
  }
}
