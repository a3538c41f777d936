import { RpcError } from "../contract/rpc-error.js";
import { CallQueue } from "./call-queue.js";
import { FLAG, FRAME } from "./frame.js";
import type { FrameWriter } from "./frame-writer.js";
import { ItemSender } from "./item-sender.js";
import type { Metadata } from "./metadata.js";
import type { OutgoingCall } from "./outgoing-call.js";
import { ProtocolError } from "./protocol-error.js";
import type { WriteGate } from "./write-gate.js";

/** Why the caller gave a call up: kept in its place until the other side's status has come. */
const ABANDONED: OutgoingCall = {
  id: 0,
  method: 0,
  metadata: undefined,
  body: "",
  opened: () => undefined,
  headers: () => undefined,
  item: () => undefined,
  remaining: () => 0,
  status: () => undefined,
  lost: () => undefined,
};

/**
 * The calls that this side has opened. An id belongs to its call until the final status has come, also after a cancel,
 * so that an id can be used again without a late status meeting the wrong call.
 */
export class OutgoingCalls {
  readonly #batch: FrameWriter;
  readonly #backlog: WriteGate;
  readonly #firstId: number;
  readonly #maxQueue: number;
  readonly #slots: (OutgoingCall | undefined)[] = [];
  readonly #free: number[] = [];
  /** The request streams, in the places of their calls. */
  readonly #senders: (ItemSender | undefined)[] = [];
  readonly #queue = new CallQueue();
  /** How many the other side runs at the same time. */
  max = 1;
  /** Bytes that the other side takes ahead in each request stream. */
  window = 0;
  /** Bytes of an item that both sides take. */
  maxItem = 0;

  /** @param firstId 1 for the side that dialled, 2 for the other; each uses every second id */
  constructor(batch: FrameWriter, backlog: WriteGate, firstId: number, maxQueue: number) {
    this.#batch = batch;
    this.#backlog = backlog;
    this.#firstId = firstId;
    this.#maxQueue = maxQueue;
  }

  /** How many have no final status yet, with those that wait. */
  get size(): number {
    return this.#slots.length - this.#free.length + this.#queue.size;
  }

  /** Sends the call, or lets it wait until the other side can run it. @throws RpcError RESOURCE_EXHAUSTED */
  open(call: OutgoingCall): void {
    if (this.#free.length > 0 || this.#slots.length < this.max) this.#send(call);
    else if (this.#queue.size < this.#maxQueue) this.#queue.add(call);
    else {
      throw new RpcError(
        "RESOURCE_EXHAUSTED",
        `${this.#maxQueue} calls wait already for this connection (limits.queuedCalls); the other side runs ${this.max} at a time`,
      );
    }
  }

  /** Gives the call up. Its `status` and `lost` will not be called any more. */
  cancel(call: OutgoingCall): void {
    if (this.#queue.forget(call)) return;
    const { id } = call;
    if (id === 0 || this.#slots[this.#slot(id)] !== call) return;
    const slot = this.#slot(id);
    this.#slots[slot] = ABANDONED;
    this.#closeSender(slot, "the caller cancelled the call");
    this.#batch.add({ kind: FRAME.CANCEL, id });
  }

  /** Lets the callee send so many bytes more. */
  grant(call: OutgoingCall, credit: number): void {
    const { id } = call;
    if (id !== 0 && this.#slots[this.#slot(id)] === call) this.#batch.add({ kind: FRAME.CREDIT, id, credit });
  }

  /** Delivers headers. @throws ProtocolError where no such call takes them */
  headers(id: number, metadata: Metadata): void {
    const call = this.#get(id, "HEADERS");
    if (call.headers === undefined) throw new ProtocolError(`HEADERS for call ${id}, which has no response stream`);
    call.headers(metadata);
  }

  /** Delivers an item. @throws ProtocolError where no such call takes it, or where it has no credit */
  item(id: number, buffer: Buffer, start: number, end: number): void {
    this.#taker(id)(buffer, start, end);
  }

  /** Ends a call because of an item that is over the limit. @throws ProtocolError where no such call takes one */
  rejectItem(id: number, error: RpcError): void {
    this.#taker(id);
    this.reject(id, error);
  }

  #taker(id: number): NonNullable<OutgoingCall["item"]> {
    const { item } = this.#get(id, "ITEM");
    if (item === undefined) throw new ProtocolError(`ITEM for call ${id}, which has no response stream`);
    return item;
  }

  /** Lets a request stream go on. @throws ProtocolError where no such call has one */
  credit(id: number, bytes: number): void {
    const call = this.#get(id, "CREDIT");
    if (call.opened === undefined) throw new ProtocolError(`CREDIT for call ${id}, which has no request stream`);
    this.#senders[this.#slot(id)]?.grant(bytes);
  }

  /** Delivers a final status. @throws ProtocolError where no call has this id */
  status(
    id: number,
    code: number,
    metadata: Metadata,
    buffer: Buffer,
    start: number,
    end: number,
    refused: boolean,
  ): void {
    const call = this.#finish(id);
    call.status(code, metadata, buffer, start, end, refused);
    this.#next();
  }

  /** Ends a call whose status this side cannot take. @throws ProtocolError where no call has this id */
  fail(id: number, error: RpcError): void {
    this.#finish(id).lost(error, false);
    this.#next();
  }

  /** Ends a call that this side cannot go on with. The other side is told, and still owes a status. */
  reject(id: number, error: RpcError): void {
    const call = this.#get(id, "a frame");
    this.cancel(call);
    call.lost(error, false);
  }

  /** Gives back the calls that wait, because the other side takes no new ones. */
  giveBack(error: RpcError): void {
    for (const call of this.#queue.clear()) call.lost(error, true);
  }

  /** Ends all calls, because the connection is gone. `refused`: the other side never began those that have no status. */
  lost(error: RpcError, refused: boolean): void {
    const calls = [...this.#slots];
    this.#slots.length = this.#free.length = 0;
    for (const sender of this.#senders.splice(0)) sender?.close(error);
    for (const call of calls) call?.lost(error, refused);
    this.giveBack(error);
  }

  #send(call: OutgoingCall): void {
    const slot = this.#free.pop() ?? this.#slots.length;
    const id = slot * 2 + this.#firstId;
    this.#slots[slot] = call;
    call.id = id;
    this.#batch.add({
      kind: FRAME.OPEN,
      id,
      flags: call.opened === undefined ? 0 : FLAG.STREAM,
      method: call.method,
      timeout: call.remaining(),
      credit: call.window ?? 0,
      metadata: call.metadata,
      body: call.body,
    });
    if (call.opened !== undefined) {
      const sender = new ItemSender(this.#batch, this.#backlog, id, this.window, this.maxItem);
      this.#senders[slot] = sender;
      call.opened(sender);
    }
  }

  #get(id: number, frame: string): OutgoingCall {
    const call = this.#slots[this.#slot(id)];
    if (call === undefined) throw new ProtocolError(`${frame} for call ${id}, which is not open`);
    return call;
  }

  #closeSender(slot: number, why: string): void {
    const sender = this.#senders[slot];
    if (sender === undefined) return;
    sender.close(new RpcError("CANCELLED", why));
    this.#senders[slot] = undefined;
  }

  #finish(id: number): OutgoingCall {
    const slot = this.#slot(id);
    const call = this.#get(id, "STATUS");
    this.#slots[slot] = undefined;
    this.#closeSender(slot, "the call has ended");
    this.#free.push(slot);
    return call;
  }

  #next(): void {
    const call = this.#queue.take();
    if (call !== undefined) this.#send(call);
  }

  #slot(id: number): number {
    return (id - this.#firstId) / 2;
  }
}
