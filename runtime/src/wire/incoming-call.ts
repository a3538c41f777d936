import type { RpcError } from "../contract/rpc-error.js";
import type { StatusName } from "../contract/status.js";
import type { ItemReceiver } from "./item-receiver.js";
import type { ItemSender } from "./item-sender.js";
import { ProtocolError } from "./protocol-error.js";

/** What a call asks of the connection that it came by. */
export interface CallHost {
  answer(id: number, status: StatusName, body: string, metadata: string | undefined): void;
  /** The call has its final status, or nobody is left to take it. */
  ended(call: IncomingCall, status: StatusName, body: string): void;
  release(): void;
  headers(id: number, metadata: string): void;
  grant(id: number, bytes: number): void;
  sender(id: number, window: number): ItemSender;
  receiver<Item>(call: IncomingCall): ItemReceiver<Item>;
}

/** A call that the other side opened, as the one who answers it sees it. */
export class IncomingCall {
  /** Whether a request stream follows. */
  readonly hasStream: boolean;
  readonly #calls: CallHost;
  readonly #id: number;
  readonly #window: number;
  #answered = false;
  #ended: boolean;
  #sender: ItemSender | undefined;
  /** Why the caller waits no longer for an answer. */
  #reason: RpcError | undefined;
  #onCancel: ((reason: RpcError) => void) | undefined;
  /** Bytes of the items that came. */
  received = 0;
  /** Set by the one who answers, as it begins: an item of the request stream, `buffer` from `start` to `end`. */
  onItem: ((buffer: Buffer, start: number, end: number) => void) | undefined;
  /** Set by the one who answers: an item came that cannot be taken. */
  onReject: ((reason: RpcError) => void) | undefined;
  /** Set by the one who answers: the request stream is complete. */
  onEnd: (() => void) | undefined;

  /** @param window bytes that the caller takes ahead in the response stream */
  constructor(calls: CallHost, id: number, hasStream: boolean, window: number) {
    this.#calls = calls;
    this.#id = id;
    this.hasStream = hasStream;
    this.#ended = !hasStream;
    this.#window = window;
  }

  /** Whether the final status was given, or can no longer be. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Bytes of the items that were sent. */
  get sent(): number {
    return this.#sender?.sent ?? 0;
  }

  /** The way to send the response stream. */
  get sender(): ItemSender {
    if (this.#sender === undefined) {
      this.#sender = this.#calls.sender(this.#id, this.#window);
      if (this.#reason !== undefined) this.#sender.close(this.#reason);
    }
    return this.#sender;
  }

  /** Calls `listener` when the caller has cancelled, or the connection is gone; now, where that happened before. */
  listen(listener: (reason: RpcError) => void): void {
    this.#onCancel = listener;
    if (this.#reason !== undefined) listener(this.#reason);
  }

  /** Makes what holds the request stream until it is taken. Once. */
  receiver<Item>(): ItemReceiver<Item> {
    return this.#calls.receiver(this);
  }

  /** Sends headers: at most once, before the first item. */
  headers(metadata: string): void {
    if (!this.#answered) this.#calls.headers(this.#id, metadata);
  }

  /** Lets the caller send so many bytes more of its request stream. */
  grant(bytes: number): void {
    if (!this.#answered && !this.#ended) this.#calls.grant(this.#id, bytes);
  }

  /** Sends no further item: whoever waits to send one is told why. */
  stop(reason: RpcError): void {
    this.#sender?.close(reason);
  }

  /** Sends the final status, once: what comes after the first is dropped. */
  answer(status: StatusName, body: string, metadata?: string): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#calls.ended(this, status, body);
    this.#calls.answer(this.#id, status, body, metadata);
  }

  /** The work is done: another call may take its place. Exactly once, at or after the answer. */
  release(): void {
    this.#calls.release();
  }

  /** Called by the connection. @throws ProtocolError for an item that nobody announced */
  item(buffer: Buffer, start: number, end: number): void {
    if (this.#ended) throw new ProtocolError(`ITEM for call ${this.#id}, whose request is complete`);
    this.received += end - start;
    this.onItem?.(buffer, start, end);
  }

  /** Called by the connection: an item came that is over the limit. @throws ProtocolError as {@link item} */
  reject(reason: RpcError): void {
    if (this.#ended) throw new ProtocolError(`ITEM for call ${this.#id}, whose request is complete`);
    this.onReject?.(reason);
  }

  /** Called by the connection. @throws ProtocolError for a second end */
  end(): void {
    if (this.#ended) throw new ProtocolError(`END for call ${this.#id}, whose request is complete`);
    this.#ended = true;
    this.onEnd?.();
  }

  /** Called by the connection. @throws ProtocolError for more than a stream can have */
  credit(bytes: number): void {
    this.sender.grant(bytes);
  }

  /** Called by the connection. */
  cancel(reason: RpcError): void {
    if (!this.#answered) this.#cancelled(reason);
  }

  /** Called by the connection when there is nobody left to answer. */
  abandon(reason: RpcError): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#calls.ended(this, "CANCELLED", "");
    this.#cancelled(reason);
  }

  /** The one who answers comes first, so that its `finally` finds the signal aborted. */
  #cancelled(reason: RpcError): void {
    this.#reason = reason;
    this.#onCancel?.(reason);
    this.#sender?.close(reason);
  }
}
