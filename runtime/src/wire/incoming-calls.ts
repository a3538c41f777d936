import { RpcError } from "../contract/rpc-error.js";
import { STATUSES, type StatusName } from "../contract/status.js";
import type { Batch } from "./batch.js";
import { FRAME } from "./frame.js";
import { ProtocolError } from "./protocol-error.js";

/** A call that the other side opened, as the one who answers it sees it. */
export class IncomingCall {
  readonly #calls: IncomingCalls;
  readonly #id: number;
  #answered = false;
  /** Set by the one who answers: the caller cancelled, or the connection is gone. */
  onCancel: ((reason: RpcError) => void) | undefined;

  constructor(calls: IncomingCalls, id: number) {
    this.#calls = calls;
    this.#id = id;
  }

  /** Whether the final status was given, or can no longer be. */
  get answered(): boolean {
    return this.#answered;
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

  /** Called by the connection. */
  cancel(reason: RpcError): void {
    if (!this.#answered) this.onCancel?.(reason);
  }

  /** Called by the connection when there is nobody left to answer. */
  abandon(reason: RpcError): void {
    const onCancel = this.#answered ? undefined : this.onCancel;
    this.#answered = true;
    onCancel?.(reason);
  }
}

/**
 * The calls that the other side has opened. A call counts until its work is done, not only until it is answered: a peer
 * that opens and cancels without end still cannot start more than `max` handlers.
 */
export class IncomingCalls {
  readonly #batch: Batch;
  readonly #parity: number;
  readonly #max: number;
  readonly #open = new Map<number, IncomingCall>();
  #running = 0;
  #highest = 0;

  /** @param firstId 1 where the other side dialled, 2 where this side did */
  constructor(batch: Batch, firstId: number, max: number) {
    this.#batch = batch;
    this.#parity = firstId % 2;
    this.#max = max;
  }

  /** How many have work that is not done. */
  get size(): number {
    return this.#running;
  }

  /** Begins a call; undefined where there are too many, which is answered here. @throws ProtocolError for a bad id */
  begin(id: number): IncomingCall | undefined {
    this.#claim(id);
    if (this.#running >= this.#max) {
      this.refuse(
        id,
        new RpcError("RESOURCE_EXHAUSTED", `more than ${this.#max} calls at the same time (limits.calls)`),
      );
      return undefined;
    }
    const call = new IncomingCall(this, id);
    this.#open.set(id, call);
    this.#running += 1;
    return call;
  }

  /** Answers an OPEN that cannot become a call. @throws ProtocolError for a bad id */
  refuse(id: number, error: RpcError): void {
    this.#claim(id);
    this.#refuse(id, error);
  }

  #claim(id: number): void {
    if (id % 2 !== this.#parity) throw new ProtocolError(`OPEN with id ${id}, which is this side's to use`);
    if (this.#open.has(id)) throw new ProtocolError(`OPEN with id ${id}, which is open`);
    if (id > this.#highest) this.#highest = id;
  }

  #refuse(id: number, error: RpcError): void {
    this.#send(id, error.status, JSON.stringify({ message: error.message }));
  }

  /** The caller gave a call up. It may be answered already, for frames cross. @throws ProtocolError for a bad id */
  cancel(id: number): void {
    if (id % 2 !== this.#parity || id > this.#highest) {
      throw new ProtocolError(`CANCEL for call ${id}, which was never opened`);
    }
    this.#open.get(id)?.cancel(new RpcError("CANCELLED", "the caller cancelled the call"));
  }

  answer(id: number, status: StatusName, body: string, metadata: string | undefined): void {
    this.#open.delete(id);
    this.#send(id, status, body, metadata);
  }

  release(): void {
    this.#running -= 1;
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
