import { RpcError } from "../contract/rpc-error.js";
import type { Batch } from "./batch.js";
import { FRAME } from "./frame.js";
import type { Metadata } from "./metadata.js";
import { ProtocolError } from "./protocol-error.js";

/** A call as its caller hands it to the connection. */
export interface OutgoingCall {
  /** Set by the connection while the call has an id on the wire; 0 before. */
  id: number;
  /** The index of its method in this side's HELLO. */
  readonly method: number;
  readonly metadata: string | undefined;
  /** The request as JSON text. */
  readonly body: string;
  /** Milliseconds until its deadline, asked for when the OPEN is sent; 0 where there is none. */
  remaining(): number;
  /** Its final status came. The body is `buffer` from `start` to `end`, valid during this call only. */
  status(code: number, metadata: Metadata, buffer: Buffer, start: number, end: number): void;
  /** It ended without a status from the other side. */
  lost(error: RpcError): void;
}

/** Why the caller gave a call up: kept in its place until the other side's status has come. */
const ABANDONED: OutgoingCall = {
  id: 0,
  method: 0,
  metadata: undefined,
  body: "",
  remaining: () => 0,
  status: () => undefined,
  lost: () => undefined,
};

/**
 * The calls that this side has opened. An id belongs to its call until the final status has come, also after a cancel,
 * so that an id can be used again without a late status meeting the wrong call.
 */
export class OutgoingCalls {
  readonly #batch: Batch;
  readonly #firstId: number;
  readonly #maxQueue: number;
  readonly #slots: (OutgoingCall | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #queue = new Set<OutgoingCall>();
  /** Goes through the queue once: to begin at its front each time would pass over all that has left it. */
  #front: Iterator<OutgoingCall> = this.#queue.values();
  /** How many the other side runs at the same time. */
  max = 1;

  /** @param firstId 1 for the side that dialled, 2 for the other; each uses every second id */
  constructor(batch: Batch, firstId: number, maxQueue: number) {
    this.#batch = batch;
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
        `${this.#maxQueue} calls wait already for this connection (limits.queue); the other side runs ${this.max} at a time`,
      );
    }
  }

  /** Gives the call up. Its `status` and `lost` will not be called any more. */
  cancel(call: OutgoingCall): void {
    if (this.#queue.delete(call)) return;
    const { id } = call;
    if (id === 0 || this.#slots[this.#slot(id)] !== call) return;
    this.#slots[this.#slot(id)] = ABANDONED;
    this.#batch.add({ kind: FRAME.CANCEL, id });
  }

  /** Delivers a final status. @throws ProtocolError where no call has this id */
  status(id: number, code: number, metadata: Metadata, buffer: Buffer, start: number, end: number): void {
    const call = this.#finish(id);
    call.status(code, metadata, buffer, start, end);
    this.#next();
  }

  /** Ends a call whose status this side cannot take. @throws ProtocolError where no call has this id */
  fail(id: number, error: RpcError): void {
    this.#finish(id).lost(error);
    this.#next();
  }

  /** Ends all calls, because the connection is gone. */
  lost(error: RpcError): void {
    const calls = [...this.#slots, ...this.#queue];
    this.#slots.length = this.#free.length = 0;
    this.#queue.clear();
    for (const call of calls) call?.lost(error);
  }

  #send(call: OutgoingCall): void {
    const slot = this.#free.pop() ?? this.#slots.length;
    const id = slot * 2 + this.#firstId;
    this.#slots[slot] = call;
    call.id = id;
    this.#batch.add({
      kind: FRAME.OPEN,
      id,
      method: call.method,
      timeout: call.remaining(),
      metadata: call.metadata,
      body: call.body,
    });
  }

  #finish(id: number): OutgoingCall {
    const slot = this.#slot(id);
    const call = this.#slots[slot];
    if (call === undefined) throw new ProtocolError(`a status for call ${id}, which is not open`);
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    return call;
  }

  #next(): void {
    if (this.#queue.size === 0) return;
    let front = this.#front.next();
    if (front.done === true) {
      // It had reached the end before this call came: it must begin again.
      this.#front = this.#queue.values();
      front = this.#front.next();
    }
    const call = front.value as OutgoingCall;
    this.#queue.delete(call);
    this.#send(call);
  }

  #slot(id: number): number {
    return (id - this.#firstId) / 2;
  }
}
