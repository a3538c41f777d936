import { RpcError } from "../contract/rpc-error.js";
import { STATUSES, type StatusName } from "../contract/status.js";
import type { Backlog } from "./backlog.js";
import type { Batch } from "./batch.js";
import type { CallBudget } from "./call-budget.js";
import { FLAG, FRAME } from "./frame.js";
import { ItemReceiver } from "./item-receiver.js";
import { ItemSender } from "./item-sender.js";
import type { Limits } from "./limits.js";
import { ProtocolError } from "./protocol-error.js";
import { WindowBudget } from "./window-budget.js";

/** A call that the other side opened, as the one who answers it sees it. */
export class IncomingCall {
  /** Whether a request stream follows. */
  readonly hasStream: boolean;
  readonly #calls: IncomingCalls;
  readonly #id: number;
  readonly #window: number;
  #answered = false;
  #ended: boolean;
  #sender: ItemSender | undefined;
  /** Why the caller waits no longer for an answer. */
  #reason: RpcError | undefined;
  #onCancel: ((reason: RpcError) => void) | undefined;
  /** Set by the one who answers, as it begins: an item of the request stream, `buffer` from `start` to `end`. */
  onItem: ((buffer: Buffer, start: number, end: number) => void) | undefined;
  /** Set by the one who answers: an item came that cannot be taken. */
  onReject: ((reason: RpcError) => void) | undefined;
  /** Set by the one who answers: the request stream is complete. */
  onEnd: (() => void) | undefined;

  /** @param window bytes that the caller takes ahead in the response stream */
  constructor(calls: IncomingCalls, id: number, hasStream: boolean, window: number) {
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
    this.#calls.answer(this.#id, status, body, metadata);
  }

  /** The work is done: another call may take its place. Exactly once, at or after the answer. */
  release(): void {
    this.#calls.release();
  }

  /** Called by the connection. @throws ProtocolError for an item that nobody announced */
  item(buffer: Buffer, start: number, end: number): void {
    if (this.#ended) throw new ProtocolError(`ITEM for call ${this.#id}, whose request is complete`);
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
    this.#cancelled(reason);
  }

  /** The one who answers comes first, so that its `finally` finds the signal aborted. */
  #cancelled(reason: RpcError): void {
    this.#reason = reason;
    this.#onCancel?.(reason);
    this.#sender?.close(reason);
  }
}

/**
 * The calls that the other side has opened. A call counts until its work is done, not only until it is answered: a peer
 * that opens and cancels without end still cannot start more than `max` handlers.
 */
export class IncomingCalls {
  readonly #batch: Batch;
  readonly #backlog: Backlog;
  readonly #parity: number;
  readonly #max: number;
  readonly #window: number;
  readonly #windows: WindowBudget;
  readonly #budget: CallBudget | undefined;
  readonly #open = new Map<number, IncomingCall>();
  #running = 0;
  #highest = 0;
  /** Bytes of an item that both sides take. */
  maxItem = 0;
  /** Set by the connection once it takes no new calls: why. */
  refusal: RpcError | undefined;
  /** Set by the connection: no call has work left. */
  onIdle: (() => void) | undefined;

  /**
   * @param firstId 1 where the other side dialled, 2 where this side did
   * @param budget what this connection shares with others
   */
  constructor(batch: Batch, backlog: Backlog, firstId: number, limits: Limits, budget?: CallBudget) {
    this.#batch = batch;
    this.#backlog = backlog;
    this.#parity = firstId % 2;
    this.#max = limits.calls;
    this.#window = limits.window;
    this.#windows = new WindowBudget(limits.growth);
    this.#budget = budget;
  }

  /** How many have work that is not done. */
  get size(): number {
    return this.#running;
  }

  /** Begins a call; undefined where there are too many, which is answered here. @throws ProtocolError for a bad id */
  begin(id: number, hasStream: boolean, window: number): IncomingCall | undefined {
    this.#claim(id);
    const refusal = this.refusal ?? this.#excess();
    if (refusal !== undefined) {
      this.#refuse(id, refusal);
      return undefined;
    }
    const call = new IncomingCall(this, id, hasStream, window);
    this.#open.set(id, call);
    this.#running += 1;
    this.#budget?.take();
    return call;
  }

  /** Answers an OPEN that cannot become a call. @throws ProtocolError for a bad id */
  refuse(id: number, error: RpcError): void {
    this.#claim(id);
    this.#refuse(id, error);
  }

  /** Why another call would be too many, if it would. */
  #excess(): RpcError | undefined {
    if (this.#running < this.#max) return this.#budget?.excess();
    return new RpcError("RESOURCE_EXHAUSTED", `more than ${this.#max} calls at the same time (limits.calls)`);
  }

  #claim(id: number): void {
    if (id % 2 !== this.#parity) throw new ProtocolError(`OPEN with id ${id}, which is this side's to use`);
    if (this.#open.has(id)) throw new ProtocolError(`OPEN with id ${id}, which is open`);
    if (id > this.#highest) this.#highest = id;
  }

  #refuse(id: number, error: RpcError): void {
    const body = JSON.stringify({ message: error.message });
    this.#batch.add({ kind: FRAME.STATUS, flags: FLAG.REFUSED, id, code: STATUSES[error.status], body });
  }

  /**
   * The call that a frame of its caller is for; undefined where it is answered already, for frames cross.
   * @throws ProtocolError where the caller never opened it
   */
  find(id: number, frame: string): IncomingCall | undefined {
    if (id % 2 !== this.#parity || id > this.#highest) {
      throw new ProtocolError(`${frame} for call ${id}, which was never opened`);
    }
    return this.#open.get(id);
  }

  sender(id: number, window: number): ItemSender {
    return new ItemSender(this.#batch, this.#backlog, id, window, this.maxItem);
  }

  receiver<Item>(call: IncomingCall): ItemReceiver<Item> {
    return new ItemReceiver(this.#window, this.#windows, { grant: (bytes) => call.grant(bytes), leave() {} });
  }

  headers(id: number, metadata: string): void {
    this.#batch.add({ kind: FRAME.HEADERS, id, metadata });
  }

  grant(id: number, credit: number): void {
    this.#batch.add({ kind: FRAME.CREDIT, id, credit });
  }

  answer(id: number, status: StatusName, body: string, metadata: string | undefined): void {
    this.#open.delete(id);
    this.#send(id, status, body, metadata);
  }

  release(): void {
    this.#running -= 1;
    this.#budget?.give();
    if (this.#running === 0) this.onIdle?.();
  }

  /** Stops all calls, so that each has its status before the connection is closed. */
  stop(reason: RpcError): void {
    for (const call of [...this.#open.values()]) {
      call.cancel(reason);
      call.answer(reason.status, JSON.stringify({ message: reason.message }));
    }
  }

  /** Ends all calls, because the connection is gone. */
  lost(error: RpcError): void {
    const calls = [...this.#open.values()];
    this.#open.clear();
    for (const call of calls) call.abandon(error);
  }

  #send(id: number, status: StatusName, body: string, metadata?: string): void {
    this.#batch.add({ kind: FRAME.STATUS, id, code: STATUSES[status], metadata, body });
  }
}
