import type { Codec, EncodedValue } from "../codec/codec.js";
import type { RpcError } from "../contract/rpc-error.js";
import { STATUSES, type StatusName } from "../contract/status.js";
import type { Frame } from "./encode.js";
import type { ReceiveWindow } from "./flow/connection-window.js";
import type { HeldBytes } from "./flow/held-bytes.js";
import { afterBegin } from "./flow/over-quota.js";
import { SMALL_RESPONSE, type UnsentAnswers } from "./flow/unsent-answers.js";
import { FLAG, FRAME, type ItemView, itemCost, ProtocolError } from "./frame.js";
import type { ItemReader, ItemReceiver, ReceiverHooks } from "./item-receiver.js";
import type { ItemSender } from "./item-sender.js";
import { CALL_WEIGHT } from "./limits.js";
import type { CallOpening } from "./metadata.js";

/** What a call needs of its connection. */
export interface CallHost {
  readonly codec: Codec;
  answer(status: Frame): void;
  /** The call has its final status, or its connection has ended. */
  ended(call: IncomingCall, status: StatusName, body: EncodedValue, error: RpcError | undefined): void;
  /** What the connection holds in memory. */
  readonly memory: HeldBytes;
  readonly unsent: UnsentAnswers;
  release(): void;
  headers(id: number, metadata: string): void;
  grant(id: number, bytes: number): void;
  sender(id: number, window: number): ItemSender;
  receiver(reader: ItemReader<unknown>, hooks: ReceiverHooks): ItemReceiver<unknown>;
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
  /** The request stream; absent until its receiver is created. */
  #items: ItemReceiver<unknown> | undefined;
  /** Whether the caller has sent all of its request. */
  #isComplete: boolean;
  /** Bytes of memory that it holds. */
  #weight = CALL_WEIGHT;
  #hasSlot = true;
  #sender: ItemSender | undefined;
  /** Why the caller no longer waits for an answer. */
  #reason: RpcError | undefined;
  #onCancel: ((reason: RpcError) => void) | undefined;
  /** Called in place of the cancel when the connection ends: the call goes on without it. */
  #onLost: ((reason: RpcError) => void) | undefined;
  #isDetached = false;

  constructor(host: CallHost, opening: CallOpening, number: number) {
    this.#host = host;
    this.opening = opening;
    this.number = number;
    this.startedAt = number === 0 ? 0 : performance.now();
    this.#isComplete = !opening.hasStream;
  }

  /** The codec of the connection. */
  get codec(): Codec {
    return this.#host.codec;
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** It has passed the checks. */
  accept(): void {
    this.accepted = true;
  }

  /** Bytes of the items that were received. */
  get received(): number {
    return this.#items?.received ?? 0;
  }

  /** Bytes of the items that were sent. */
  get sent(): number {
    return this.#sender?.sent ?? 0;
  }

  /** Number of items that were received. */
  get itemsIn(): number {
    return this.#items?.items ?? 0;
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

  /**
   * Calls `cancelled` when the caller cancels or the connection ends; at once if that has happened.
   * @param lost called in its place when the connection ends: the call is not answered then, and goes on without its connection
   */
  listen(cancelled: (reason: RpcError) => void, lost?: (reason: RpcError) => void): void {
    this.#onCancel = cancelled;
    this.#onLost = lost;
    if (this.#reason !== undefined) cancelled(this.#reason);
  }

  /**
   * Creates the receiver of the request stream, which grants the caller credit as its items are consumed. Call it while the OPEN is
   * handled, before the first item.
   * @param failed called when the call must end, as with an item that cannot be decoded
   */
  receive(reader: ItemReader<unknown>, failed: (reason: RpcError) => void): ItemReceiver<unknown> {
    this.#items = this.#host.receiver(reader, {
      grant: (bytes) => this.grant(bytes),
      cancel: () => undefined,
      failed,
    });
    return this.#items;
  }

  /** Sends headers: at most once, before the first item. */
  headers(metadata: string): void {
    if (!this.#answered && !this.#isDetached) this.#host.headers(this.opening.id, metadata);
  }

  /** Grants the caller more credit for its request stream, in bytes. */
  grant(bytes: number): void {
    if (!this.#answered && !this.#isComplete && !this.#isDetached) this.#host.grant(this.opening.id, bytes);
  }

  /** Ends the response stream: a pending send rejects with `reason`. */
  stop(reason: RpcError): void {
    this.#sender?.close(reason);
  }

  /** Sends the final status, once: with an error, `body` encodes it. */
  answer(status: StatusName, body: EncodedValue, metadata?: string, error?: RpcError): void {
    if (this.#answered) return;
    if (error === undefined && body.length > SMALL_RESPONSE && !this.#isDetached) {
      try {
        this.#host.unsent.hold(body);
      } catch (excess) {
        this.fail(afterBegin(excess as RpcError));
        return;
      }
    }
    this.#answered = true;
    this.#host.ended(this, status, body, error);
    if (this.#isDetached) return;
    const code = error?.code ?? STATUSES[status];
    this.#host.answer({ kind: FRAME.STATUS, id: this.opening.id, code, metadata, body });
  }

  /** Sends the error of a call whose handler was not called, and will not be. Only the first answer has an effect. */
  refuse(body: EncodedValue, error: RpcError): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#host.ended(this, error.status, body, error);
    this.#host.answer({ kind: FRAME.STATUS, flags: FLAG.REFUSED, id: this.opening.id, code: error.code, body });
  }

  /** As {@link answer}, with an error. */
  fail(error: RpcError): void {
    this.answer(error.status, this.codec.encodeError(error), undefined, error);
  }

  /** Holds bytes of memory until {@link release}. @throws RpcError RESOURCE_EXHAUSTED */
  charge(bytes: number): void {
    this.#host.memory.take(bytes);
    this.#weight += bytes;
  }

  /** Frees the slot of the call before its handler is done, because it is stuck. Called at most once. */
  releaseSlot(): void {
    this.#hasSlot = false;
    this.#host.release();
  }

  /** Frees the slot and the memory of the call: its handler is done. Called exactly once, at or after the answer. */
  release(): void {
    if (this.#hasSlot) this.#host.release();
    this.#host.memory.give(this.#weight);
  }

  /** Called by the connection. @throws ProtocolError if no request stream is open, or it has no credit */
  item(item: ItemView, connection: ReceiveWindow): void {
    this.#checkOpen("ITEM");
    if (this.#items === undefined) connection.consumed(itemCost(item.end - item.start));
    else this.#items.push(item, connection);
  }

  /** Called by the connection with an item over the limit. @throws ProtocolError if no request stream is open */
  reject(reason: RpcError): void {
    this.#checkOpen("ITEM");
    this.#items?.fail(reason);
  }

  /** Called by the connection. @throws ProtocolError if no request stream is open */
  end(): void {
    this.#checkOpen("END");
    this.#isComplete = true;
    this.#items?.end();
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
    if (this.#onLost !== undefined) {
      this.#isDetached = true;
      this.#onLost(reason);
      return;
    }
    this.#answered = true;
    this.#host.ended(this, "CANCELLED", "", reason);
    this.#cancelled(reason);
  }

  #checkOpen(frame: "ITEM" | "END"): void {
    if (this.#isComplete) throw new ProtocolError(`${frame} for call ${this.opening.id}, whose request is complete`);
  }

  /** The listener comes first, so that the handler's `finally` blocks see the aborted signal. */
  #cancelled(reason: RpcError): void {
    this.#reason = reason;
    this.#onCancel?.(reason);
    this.#sender?.close(reason);
  }
}
