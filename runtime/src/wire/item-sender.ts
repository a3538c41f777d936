import type { EncodedValue } from "../codec/codec.js";
import type { RpcError } from "../contract/rpc-error.js";
import { itemCost, MAX_CREDIT } from "./flow-control.js";
import { FRAME, ProtocolError } from "./frame.js";
import type { FrameWriter } from "./frame-writer.js";
import { tooLarge } from "./limits.js";

/** The stream that an {@link ItemSender} sends. */
interface SenderConfig {
  /** The call's id. */
  readonly id: number;
  /** The initial credit, in bytes. */
  readonly credit: number;
  /** Bytes of an item that both sides accept. */
  readonly maxItem: number;
}

/**
 * The sending side of a stream. An item may be sent while there is credit, even if it costs more than remains: so items
 * of any size pass, and the receiver buffers at most its window and one item.
 */
export class ItemSender {
  readonly #writer: FrameWriter;
  readonly #id: number;
  readonly #maxItem: number;
  #credit: number;
  #sent = 0;
  #items = 0;
  #closed: RpcError | undefined;
  #proceed: (() => void) | undefined;
  #closeListener: (() => void) | undefined;

  constructor(writer: FrameWriter, { id, credit, maxItem }: SenderConfig) {
    this.#writer = writer;
    this.#id = id;
    this.#credit = credit;
    this.#maxItem = maxItem;
  }

  /** Bytes of the items that were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Number of items that were sent; raw bytes are counted in frames. */
  get items(): number {
    return this.#items;
  }

  /** Whether the call has ended. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Whether {@link ready} would wait or throw. */
  get blocked(): boolean {
    return this.#closed !== undefined || this.#credit <= 0 || this.#writer.gate.full;
  }

  /**
   * Resolves when the receiver and the transport accept an item. One caller may wait at a time.
   * @throws RpcError the reason why the call ended
   */
  async ready(): Promise<void> {
    while (this.#closed === undefined && (this.#credit <= 0 || this.#writer.gate.full)) await this.#wait();
    if (this.#closed !== undefined) throw this.#closed;
  }

  /** Sends an encoded item, after {@link ready}. @throws RpcError MESSAGE_TOO_LARGE */
  send(item: EncodedValue): void {
    const size = Buffer.byteLength(item);
    if (size > this.#maxItem) throw tooLarge(size, this.#maxItem, "item");
    this.#add(item, size);
  }

  /**
   * Sends as many of the raw bytes from `start` as fill the current packet, after {@link ready}; they are copied. Returns
   * the offset of the rest.
   */
  sendBytes(bytes: Uint8Array, start: number): number {
    const size = Math.min(bytes.length - start, this.#writer.room, this.#maxItem);
    this.#add(bytes.subarray(start, start + size), size);
    return start + size;
  }

  /** Sends END: the stream is complete. */
  end(): void {
    if (this.#closed === undefined) this.#writer.add({ kind: FRAME.END, id: this.#id });
  }

  /** Adds credit, in bytes. @throws ProtocolError if the sum is over {@link MAX_CREDIT} */
  grant(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > MAX_CREDIT) throw new ProtocolError(`credit of ${this.#credit} bytes for call ${this.#id}`);
    if (this.#credit > 0) this.#proceed?.();
  }

  /** Ends the stream without END: a pending {@link ready} rejects with `reason`. */
  close(reason: RpcError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#proceed?.();
    this.#closeListener?.();
  }

  /** Sets the one listener that {@link close} calls; undefined removes it. */
  listenForClose(listener: (() => void) | undefined): void {
    this.#closeListener = listener;
  }

  #add(body: EncodedValue, size: number): void {
    this.#credit -= itemCost(size);
    this.#sent += size;
    this.#items += 1;
    this.#writer.add({ kind: FRAME.ITEM, id: this.#id, body });
  }

  #wait(): Promise<void> {
    const { gate } = this.#writer;
    return new Promise((resolve) => {
      const proceed = (): void => {
        gate.forget(proceed);
        this.#proceed = undefined;
        resolve();
      };
      this.#proceed = proceed;
      if (this.#credit > 0) gate.wait(proceed);
    });
  }
}
