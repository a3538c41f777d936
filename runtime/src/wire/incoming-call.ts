import type { BytesView, Codec, EncodedValue } from "../codec/codec.js";
import type { RpcError } from "../contract/rpc-error.js";
import { STATUSES, type StatusName } from "../contract/status.js";
import { ProtocolError } from "./frame.js";
import type { ItemReceiver } from "./item-receiver.js";
import type { ItemSender } from "./item-sender.js";
import type { Metadata } from "./metadata.js";

/** The fields of an OPEN frame. */
export interface CallOpening {
  readonly id: number;
  /** Whether a request stream follows. */
  readonly hasStream: boolean;
  /** The initial credit of the response stream, in bytes. */
  readonly window: number;
  /** The index of the method in the caller's HELLO; checked to be listed. */
  readonly method: number;
  /** Milliseconds until the deadline; 0 if there is none. */
  readonly timeout: number;
  readonly metadata: Metadata;
  /** Bytes of the request. */
  readonly size: number;
}

/** A call of the peer, for observers. */
interface CallStart {
  /** The number of the call in this process. */
  readonly call: number;
  /** The index of the method in the peer's HELLO; undefined if the OPEN was rejected before this field was decoded. */
  readonly method: number | undefined;
}

/** The outcome of a call of the peer. It has the sizes of its messages, never their content. */
interface CallRecord extends CallStart {
  readonly status: StatusName;
  /** From the OPEN to the final status, or to the end of the connection. */
  readonly milliseconds: number;
  /** Bytes of the request and its stream. */
  readonly bytesIn: number;
  /** Bytes of the response stream and the response. */
  readonly bytesOut: number;
  /** Items of the request stream, in frames. */
  readonly itemsIn: number;
  /** Items of the response stream, in frames. */
  readonly itemsOut: number;
  /** The error of a failed call. */
  readonly error: RpcError | undefined;
  /** Whether it was refused before its handler ran. */
  readonly refused: true | undefined;
}

/** Receives the calls of the peer. */
export interface CallObserver {
  /** A call begins; called with each one, also with one that is rejected. */
  readonly started?: ((start: CallStart) => void) | undefined;
  /** A call has its final status, or its connection has ended. */
  readonly ended?: ((record: CallRecord) => void) | undefined;
}

/** What a call needs of its connection. */
export interface CallHost {
  readonly codec: Codec;
  answer(id: number, code: number, body: EncodedValue, metadata: string | undefined): void;
  /** The call has its final status, or its connection has ended. */
  ended(call: IncomingCall, status: StatusName, body: EncodedValue, error: RpcError | undefined): void;
  release(): void;
  headers(id: number, metadata: string): void;
  grant(id: number, bytes: number): void;
  sender(id: number, window: number): ItemSender;
  receiver<Item>(call: IncomingCall): ItemReceiver<Item>;
}

/** Callbacks of the callee for the request stream. */
interface RequestStreamHandlers {
  /** An item arrived, valid during the call only. @throws ProtocolError if the stream has no credit */
  readonly item: (item: BytesView) => void;
  /** An item over the limit arrived. */
  readonly reject: (reason: RpcError) => void;
  /** The stream is complete. */
  readonly end: () => void;
}

/** A call of the peer, as its callee sees it. */
export class IncomingCall {
  readonly opening: CallOpening;
  /** The number of the call in this process; 0 if the calls are not observed. */
  readonly number: number;
  /** When the OPEN arrived, in the time of `performance.now()`; 0 if the calls are not observed. */
  readonly startedAt: number;
  readonly #host: CallHost;
  #answered = false;
  /** Whether it has passed the checks, and goes to its handler. */
  accepted = false;
  #complete: boolean;
  #received = 0;
  #itemsIn = 0;
  #sender: ItemSender | undefined;
  /** Why the caller no longer waits for an answer. */
  #reason: RpcError | undefined;
  #onCancel: ((reason: RpcError) => void) | undefined;
  #stream: RequestStreamHandlers | undefined;

  constructor(host: CallHost, opening: CallOpening, number: number) {
    this.#host = host;
    this.opening = opening;
    this.number = number;
    this.startedAt = number === 0 ? 0 : performance.now();
    this.#complete = !opening.hasStream;
  }

  /** The codec of the connection. */
  get codec(): Codec {
    return this.#host.codec;
  }

  /** Whether the final status was sent, or can no longer be. */
  get answered(): boolean {
    return this.#answered;
  }

  /** It has passed the checks. */
  accept(): void {
    this.accepted = true;
  }

  /** Bytes of the items that were received. */
  get received(): number {
    return this.#received;
  }

  /** Bytes of the items that were sent. */
  get sent(): number {
    return this.#sender?.sent ?? 0;
  }

  /** Number of items that were received. */
  get itemsIn(): number {
    return this.#itemsIn;
  }

  /** Number of items that were sent. */
  get itemsOut(): number {
    return this.#sender?.items ?? 0;
  }

  /** The sender of the response stream. */
  get sender(): ItemSender {
    if (this.#sender === undefined) {
      this.#sender = this.#host.sender(this.opening.id, this.opening.window);
      if (this.#reason !== undefined) this.#sender.close(this.#reason);
    }
    return this.#sender;
  }

  /** Calls `listener` when the caller cancels or the connection ends; at once if that has happened. */
  listen(listener: (reason: RpcError) => void): void {
    this.#onCancel = listener;
    if (this.#reason !== undefined) listener(this.#reason);
  }

  /** Sets the callbacks for the request stream. Call it while the OPEN is handled, before the first item. */
  receiveStream(handlers: RequestStreamHandlers): void {
    this.#stream = handlers;
  }

  /** Creates the buffer of the request stream, which grants the caller credit as its items are consumed. */
  receiver<Item>(): ItemReceiver<Item> {
    return this.#host.receiver(this);
  }

  /** Sends headers: at most once, before the first item. */
  headers(metadata: string): void {
    if (!this.#answered) this.#host.headers(this.opening.id, metadata);
  }

  /** Grants the caller more credit for its request stream, in bytes. */
  grant(bytes: number): void {
    if (!this.#answered && !this.#complete) this.#host.grant(this.opening.id, bytes);
  }

  /** Ends the response stream: a pending send rejects with `reason`. */
  stop(reason: RpcError): void {
    this.#sender?.close(reason);
  }

  /**
   * Sends the final status. Only the first call has an effect.
   * @param error what `body` encodes, if the call failed
   */
  answer(status: StatusName, body: EncodedValue, metadata?: string, error?: RpcError): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#host.ended(this, status, body, error);
    this.#host.answer(this.opening.id, error?.code ?? STATUSES[status], body, metadata);
  }

  /** As {@link answer}, with an error. */
  fail(error: RpcError): void {
    this.answer(error.status, this.codec.encodeError(error), undefined, error);
  }

  /** Frees the slot of the call: its handler is done. Called exactly once, at or after the answer. */
  release(): void {
    this.#host.release();
  }

  /** Called by the connection. @throws ProtocolError if no request stream is open, or it has no credit */
  item(item: BytesView): void {
    this.#checkOpen("ITEM");
    this.#received += item.end - item.start;
    this.#itemsIn += 1;
    this.#stream?.item(item);
  }

  /** Called by the connection with an item over the limit. @throws ProtocolError if no request stream is open */
  reject(reason: RpcError): void {
    this.#checkOpen("ITEM");
    this.#stream?.reject(reason);
  }

  /** Called by the connection. @throws ProtocolError if no request stream is open */
  end(): void {
    this.#checkOpen("END");
    this.#complete = true;
    this.#stream?.end();
  }

  /** Called by the connection. @throws ProtocolError if the sum is over the most that a stream can have */
  credit(bytes: number): void {
    this.sender.grant(bytes);
  }

  /** Called by the connection. */
  cancel(reason: RpcError): void {
    if (!this.#answered) this.#cancelled(reason);
  }

  /** Called by the connection when it has ended. */
  abandon(reason: RpcError): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#host.ended(this, "CANCELLED", "", reason);
    this.#cancelled(reason);
  }

  #checkOpen(frame: "ITEM" | "END"): void {
    if (this.#complete) throw new ProtocolError(`${frame} for call ${this.opening.id}, whose request is complete`);
  }

  /** The listener comes first, so that the handler's `finally` blocks see the aborted signal. */
  #cancelled(reason: RpcError): void {
    this.#reason = reason;
    this.#onCancel?.(reason);
    this.#sender?.close(reason);
  }
}
