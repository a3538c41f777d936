import type { EncodedValue } from "../codec/codec.js";
import type { RpcError } from "../contract/rpc-error.js";
import type { ConnectionFlow } from "./flow/connection-flow.js";
import type { SendWindow } from "./flow/connection-window.js";
import type { HeldBytes } from "./flow/held-bytes.js";
import { MAX_CREDIT } from "./flow/stream-window.js";
import { FRAME, HEADER_SIZE, itemCost, POSITION_SIZE, ProtocolError } from "./frame.js";
import type { FrameWriter } from "./frame-writer.js";
import { tooLarge } from "./limits.js";

/** The cost of the smallest item. */
const SMALLEST = itemCost(1);

/** The stream that an {@link ItemSender} sends. */
interface SenderConfig {
  /** The call's id. */
  readonly id: number;
  /** The initial credit, in bytes. */
  readonly credit: number;
  /** Bytes of an item that both sides accept. */
  readonly maxItem: number;
  /** The window of the connection, and what it holds: items that wait for the window. */
  readonly flow: Pick<ConnectionFlow, "sent" | "memory">;
}

/**
 * The sending side of a stream. An item may be sent while there is credit, even if it costs more than remains: so items
 * of any size pass, and the receiver buffers at most its window and one item. The window of the connection must cover it, too.
 */
export class ItemSender {
  readonly #writer: FrameWriter;
  readonly #id: number;
  readonly #maxItem: number;
  readonly #window: SendWindow;
  readonly #memory: HeldBytes;
  #credit: number;
  #sent = 0;
  #items = 0;
  /** The turn at the gate that this stream has; 0 for none. It needs one for its first item, and after it has waited. */
  #turn = 0;
  #closed: RpcError | undefined;
  #proceed: (() => void) | undefined;
  #closeListener: (() => void) | undefined;

  constructor(writer: FrameWriter, { id, credit, maxItem, flow }: SenderConfig) {
    this.#writer = writer;
    this.#id = id;
    this.#credit = credit;
    this.#maxItem = maxItem;
    this.#window = flow.sent;
    this.#memory = flow.memory;
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

  /** Whether an item may be prepared or sent now; otherwise {@link ready} waits or throws. */
  begin(): boolean {
    if (this.#closed !== undefined || this.#credit <= 0 || this.#window.room < SMALLEST) return false;
    return this.#enter();
  }

  /**
   * Resolves when the receiver and the transport accept an item. One caller may wait at a time.
   * @throws RpcError the reason why the call ended
   */
  async ready(): Promise<void> {
    while (!this.begin()) {
      this.#leave();
      if (this.#closed !== undefined) throw this.#closed;
      if (this.#credit <= 0) await this.#wait(() => () => undefined);
      else if (this.#window.room < SMALLEST) await this.#waitForWindow();
      else await this.#waitForTurn();
    }
  }

  /**
   * Sends an encoded item, after {@link ready}; returns a promise if the window of the connection does not cover it yet.
   * @param position of the item, if it has one
   * @throws RpcError MESSAGE_TOO_LARGE; RESOURCE_EXHAUSTED if it has to wait and the connection may not hold it
   */
  send(body: EncodedValue, position?: string): Promise<void> | undefined {
    const bytes = Buffer.byteLength(body);
    if (bytes > this.#maxItem) throw tooLarge(bytes, this.#maxItem, "item");
    const size = bytes + prefixSize(position);
    if (!this.#window.take(itemCost(size))) return this.#sendLater(body, size, position);
    this.#add(body, size, position);
    return undefined;
  }

  /**
   * Sends as many of the raw bytes from `start` as fill the current packet and are covered, after {@link ready}; they are copied.
   * Returns the offset of the rest.
   * @param position of the last byte; its frame has it
   */
  sendBytes(bytes: Uint8Array, start: number, position?: string): number {
    const rest = bytes.length - start;
    const room = Math.min(this.#writer.room, this.#window.room - HEADER_SIZE);
    const prefix = prefixSize(position);
    const isLast = rest <= this.#maxItem && rest + prefix <= room;
    const length = isLast ? rest : Math.min(position === undefined ? rest : rest - 1, this.#maxItem, room);
    const size = isLast ? length + prefix : length;
    // Another stream was faster.
    if (length <= 0 || !this.#window.take(itemCost(size))) return start;
    this.#add(bytes.subarray(start, start + length), size, isLast ? position : undefined);
    return start + length;
  }

  /** Sends END: the stream is complete. */
  end(): void {
    if (this.#closed === undefined) this.#writer.add({ kind: FRAME.END, id: this.#id });
  }

  /** Adds credit, in bytes. @throws ProtocolError if the sum is over {@link MAX_CREDIT} */
  grant(bytes: number): void {
    const wasBlocked = this.#credit <= 0;
    this.#credit += bytes;
    if (this.#credit > MAX_CREDIT) throw new ProtocolError(`credit of ${this.#credit} bytes for call ${this.#id}`);
    if (wasBlocked && this.#credit > 0) this.#proceed?.();
  }

  /** Ends the stream without END: a pending {@link ready} rejects with `reason`. */
  close(reason: RpcError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#proceed?.();
    this.#closeListener?.();
  }

  /** Sets the one listener that {@link close} calls. */
  listenForClose(listener: () => void): void {
    this.#closeListener = listener;
  }

  /** The source has ended: no further item is prepared. */
  finish(): void {
    this.#closeListener = undefined;
    this.#leave();
  }

  async #sendLater(body: EncodedValue, size: number, position: string | undefined): Promise<void> {
    const cost = itemCost(size);
    this.#leave();
    this.#memory.take(size);
    try {
      let isCovered = false;
      await this.#wait((proceed) => {
        const cover = (): void => {
          isCovered = true;
          proceed();
        };
        this.#window.wait(cost, cover);
        return () => this.#window.forget(cover);
      });
      while (this.#closed === undefined && !this.#enter()) await this.#waitForTurn();
      if (this.#closed === undefined) {
        this.#add(body, size, position);
        return;
      }
      if (isCovered) this.#window.giveBack(cost);
      throw this.#closed;
    } finally {
      this.#memory.give(size);
    }
  }

  #add(body: EncodedValue, size: number, position?: string): void {
    this.#credit -= itemCost(size);
    this.#sent += size;
    this.#items += 1;
    this.#writer.add({ kind: FRAME.ITEM, id: this.#id, position, body });
    if (this.#turn !== 0) this.#leave(size);
  }

  #enter(): boolean {
    const { gate } = this.#writer;
    if (gate.full) return false;
    if (this.#turn !== 0 && !gate.isCurrent(this.#turn)) this.#turn = 0;
    if (this.#turn !== 0 || this.#items > 0) return true;
    this.#turn = gate.enter();
    return this.#turn !== 0;
  }

  #leave(sent?: number): void {
    if (this.#turn === 0) return;
    this.#writer.gate.leave(this.#turn, sent);
    this.#turn = 0;
  }

  #waitForTurn(): Promise<void> {
    const { gate } = this.#writer;
    this.#leave();
    return this.#wait((proceed) => {
      const admit = (turn: number): void => {
        this.#turn = turn;
        proceed();
      };
      gate.wait(admit);
      return () => gate.forget(admit);
    });
  }

  #waitForWindow(): Promise<void> {
    return this.#wait((proceed) => {
      this.#window.whenOpen(proceed);
      return () => this.#window.forget(proceed);
    });
  }

  /** Resolves when `register` calls its argument, when credit is granted, or when the call has ended. */
  #wait(register: (proceed: () => void) => () => void): Promise<void> {
    return new Promise((resolve) => {
      let forget = (): void => undefined;
      const proceed = (): void => {
        this.#proceed = undefined;
        forget();
        resolve();
      };
      this.#proceed = proceed;
      forget = register(proceed);
    });
  }
}

/** Bytes of a position with its length. */
function prefixSize(position: string | undefined): number {
  return position === undefined ? 0 : POSITION_SIZE + Buffer.byteLength(position);
}
