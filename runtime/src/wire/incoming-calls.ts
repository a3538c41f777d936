import { RpcError } from "../contract/rpc-error.js";
import { STATUSES, type StatusName } from "../contract/status.js";
import type { CallBudget } from "./call-budget.js";
import type { CallRecord } from "./call-record.js";
import { FLAG, FRAME } from "./frame.js";
import type { FrameWriter } from "./frame-writer.js";
import { type CallHost, IncomingCall } from "./incoming-call.js";
import { ItemReceiver } from "./item-receiver.js";
import { ItemSender } from "./item-sender.js";
import type { Limits } from "./limits.js";
import { ProtocolError } from "./protocol-error.js";
import { WindowBudget } from "./window-budget.js";
import type { WriteGate } from "./write-gate.js";

interface Begun {
  readonly method: number;
  readonly size: number;
  readonly start: number;
}

/**
 * The calls that the other side has opened. A call counts until its work is done, not only until it is answered: a peer
 * that opens and cancels without end still cannot start more than `max` handlers.
 */
export class IncomingCalls implements CallHost {
  readonly #batch: FrameWriter;
  readonly #backlog: WriteGate;
  readonly #parity: number;
  readonly #max: number;
  readonly #window: number;
  readonly #windows: WindowBudget;
  readonly #budget: CallBudget | undefined;
  readonly #open = new Map<number, IncomingCall>();
  /** What is known of the calls that are open, where somebody keeps account of them. */
  readonly #begun = new WeakMap<IncomingCall, Begun>();
  #running = 0;
  #highest = 0;
  /** Answers that the transport has not taken, and those of them that are not on their way. */
  #unsent = 0;
  #gathered = 0;
  /** Bytes of an item that both sides take. */
  maxItem = 0;
  /** Set by the connection, where nothing else bounds them: how many answers may wait for the transport. */
  maxUnsent = Number.POSITIVE_INFINITY;
  /** Set by the connection once it takes no new calls: why. */
  refusal: RpcError | undefined;
  /** Set by the connection, where somebody keeps account: a call has ended. */
  onCall: ((record: CallRecord) => void) | undefined;
  /** Set by the connection: no call has work left. */
  onIdle: (() => void) | undefined;

  /**
   * @param firstId 1 where the other side dialled, 2 where this side did
   * @param budget what this connection shares with others
   */
  constructor(batch: FrameWriter, backlog: WriteGate, firstId: number, limits: Limits, budget?: CallBudget) {
    this.#batch = batch;
    this.#backlog = backlog;
    this.#parity = firstId % 2;
    this.#max = limits.calls;
    this.#window = limits.window;
    this.#windows = new WindowBudget(limits.windowGrowth);
    this.#budget = budget;
  }

  /** How many have work that is not done. */
  get size(): number {
    return this.#running;
  }

  /**
   * Begins a call; undefined where there are too many, which is answered here.
   * @param method its index in the other side's HELLO
   * @param size bytes of the request
   * @throws ProtocolError for a bad id
   */
  begin(id: number, hasStream: boolean, window: number, method: number, size: number): IncomingCall | undefined {
    this.#claim(id);
    // Its items are on their way, and cannot be sent again: a call with a stream that met the news is taken all the same.
    const refusal = (hasStream ? undefined : this.refusal) ?? this.#excess();
    if (refusal !== undefined) {
      this.#refuse(id, refusal, method, size);
      return undefined;
    }
    const call = new IncomingCall(this, id, hasStream, window);
    if (this.onCall !== undefined) this.#begun.set(call, { method, size, start: performance.now() });
    this.#open.set(id, call);
    this.#running += 1;
    this.#budget?.take();
    return call;
  }

  /**
   * Answers an OPEN that cannot become a call.
   * @param size bytes of it, as far as is known
   * @throws ProtocolError for a bad id
   */
  refuse(id: number, error: RpcError, size: number, method?: number): void {
    this.#claim(id);
    this.#refuse(id, error, method, size);
  }

  /** What was gathered leaves: gives what to call when the transport has taken it; undefined where no answer is in it. */
  leave(): (() => void) | undefined {
    const count = this.#gathered;
    if (count === 0) return undefined;
    this.#gathered = 0;
    return () => {
      this.#unsent -= count;
    };
  }

  ended(call: IncomingCall, status: StatusName, body: string): void {
    const begun = this.onCall && this.#begun.get(call);
    if (begun === undefined) return;
    this.onCall?.({
      method: begun.method,
      status,
      milliseconds: performance.now() - begun.start,
      bytesIn: begun.size + call.received,
      bytesOut: call.sent + Buffer.byteLength(body),
    });
  }

  /** Why another call would be too many, if it would. */
  #excess(): RpcError | undefined {
    if (this.#running < this.#max) return this.#budget?.excess();
    return new RpcError("RESOURCE_EXHAUSTED", `more than ${this.#max} calls at the same time (limits.calls)`);
  }

  #claim(id: number): void {
    if (id % 2 !== this.#parity) throw new ProtocolError(`OPEN with id ${id}, which is this side's to use`);
    if (this.#open.has(id)) throw new ProtocolError(`OPEN with id ${id}, which is open`);
    // Who waits for answers before it opens more, as it must, has never so many of them before it.
    if (this.#unsent > this.maxUnsent) throw new ProtocolError(`${this.#unsent} answers that it does not take`);
    if (id > this.#highest) this.#highest = id;
  }

  #refuse(id: number, error: RpcError, method: number | undefined, bytesIn: number): void {
    const body = JSON.stringify({ message: error.message });
    const { status } = error;
    this.onCall?.({ method, status, milliseconds: 0, bytesIn, bytesOut: Buffer.byteLength(body) });
    this.#count();
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
    this.#count();
    this.#batch.add({ kind: FRAME.STATUS, id, code: STATUSES[status], metadata, body });
  }

  #count(): void {
    this.#unsent += 1;
    this.#gathered += 1;
  }
}
