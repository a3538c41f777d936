import type { ConnectionAccount } from "../base/accounts/connection-account.js";
import { TokenBucket } from "../base/accounts/token-bucket.js";
import { nextCall } from "../base/observer/combine-observers.js";
import type { Codec, EncodedValue } from "../codec/codec.js";
import { RpcError } from "../contract/rpc-error.js";
import { STATUSES, type StatusName } from "../contract/status.js";
import type { CallObserver } from "./call-observer.js";
import type { Frame } from "./encode.js";
import type { ConnectionFlow } from "./flow/connection-flow.js";
import type { HeldBytes } from "./flow/held-bytes.js";
import { overQuota } from "./flow/over-quota.js";
import { WindowBudget } from "./flow/stream-window.js";
import { UnsentAnswers } from "./flow/unsent-answers.js";
import { FLAG, FRAME, ProtocolError } from "./frame.js";
import type { FrameWriter } from "./frame-writer.js";
import { type CallHost, IncomingCall } from "./incoming-call.js";
import { type ItemReader, ItemReceiver, type ReceiverHooks } from "./item-receiver.js";
import { ItemSender } from "./item-sender.js";
import { CALL_WEIGHT, type Limits } from "./limits.js";
import type { CallOpening } from "./metadata.js";

/** Answers that may wait for a dialer's transport, for each call that it runs; rejected calls have answers, too. */
const UNSENT_PER_CALL = 4;

/** How the calls of the peer are accepted. */
interface IncomingConfig {
  readonly writer: FrameWriter;
  readonly flow: ConnectionFlow;
  readonly codec: Codec;
  /** The role of this side. A dialer bounds the answers that wait; an acceptor stops reading instead. */
  readonly role: "dialer" | "acceptor";
  readonly limits: Limits;
  /** Counts what the calls hold. */
  readonly account: ConnectionAccount;
  /** Receives each call, including rejected ones. */
  readonly observer?: CallObserver | undefined;
  /** Called each time the last running call has ended. */
  readonly onIdle: () => void;
}

/** An OPEN that cannot become a call. Its method is absent if it was not decoded; its size is as far as it is known. */
interface RejectedOpening extends Pick<CallOpening, "id" | "size">, Partial<Pick<CallOpening, "method" | "metadata">> {}

/**
 * The calls that the peer has opened. A call counts until its handler is done, not only until it is answered: a peer that
 * opens and cancels in a loop cannot start more than `limits.calls` handlers.
 */
export class IncomingCalls implements CallHost {
  readonly codec: Codec;
  readonly memory: HeldBytes;
  readonly unsent: UnsentAnswers;
  readonly #config: IncomingConfig;
  readonly #parity: number;
  readonly #windows: WindowBudget;
  readonly #cancels: TokenBucket;
  readonly #open = new Map<number, IncomingCall>();
  #running = 0;
  #highest = 0;
  #maxItem = 0;
  #refusal: RpcError | undefined;
  #observer: CallObserver | undefined;

  constructor(config: IncomingConfig) {
    const { role, limits } = config;
    this.#config = config;
    this.#observer = config.observer;
    this.codec = config.codec;
    this.#parity = role === "dialer" ? 0 : 1;
    this.memory = config.flow.memory;
    const maxUnsent = role === "dialer" ? limits.calls * UNSENT_PER_CALL : Number.POSITIVE_INFINITY;
    this.unsent = new UnsentAnswers(this.memory, maxUnsent);
    this.#cancels = new TokenBucket({ perSecond: limits.cancels });
    this.#windows = new WindowBudget(limits.windowGrowth);
  }

  /** How many handlers are not done. */
  get size(): number {
    return this.#running;
  }

  /** The methods of the calls without a status, as indexes of the peer's HELLO. */
  get methods(): readonly number[] {
    return [...this.#open.values()].map(({ opening }) => opening.method);
  }

  /** Reports the calls that begin from now on to another observer. */
  observe(observer: CallObserver | undefined): void {
    this.#observer = observer;
  }

  /** Whether an id belongs to the calls of the peer. */
  owns(id: number): boolean {
    return id % 2 === this.#parity;
  }

  /** The peer's HELLO has arrived. */
  negotiated({ maxItem }: { readonly maxItem: number }): void {
    this.#maxItem = maxItem;
  }

  /** Rejects new calls from now on; false if it already did. */
  refuseNew(reason: RpcError): boolean {
    if (this.#refusal !== undefined) return false;
    this.#refusal = reason;
    return true;
  }

  /** Begins a call; undefined if it is answered here, because there are too many. @throws ProtocolError for a bad id */
  begin(opening: CallOpening): IncomingCall | undefined {
    const { id, hasStream } = opening;
    this.#claim(id);
    // The items of a stream are already in flight and cannot be sent again, so a call with one is accepted while draining.
    const refusal = (hasStream ? undefined : this.#refusal) ?? this.#take();
    if (refusal !== undefined) {
      this.#refuse(opening, refusal);
      return undefined;
    }
    const observer = this.#observer?.isActive() ? this.#observer : undefined;
    const call = new IncomingCall(this, opening, observer === undefined ? 0 : nextCall());
    observer?.started({ call: call.number, method: opening.method, metadata: opening.metadata });
    this.#open.set(id, call);
    this.#running += 1;
    return call;
  }

  /** Answers an OPEN that cannot become a call. @throws ProtocolError for a bad id */
  refuse(opening: RejectedOpening, error: RpcError): void {
    this.#claim(opening.id);
    this.#refuse(opening, error);
  }

  ended(call: IncomingCall, status: StatusName, body: EncodedValue, error: RpcError | undefined): void {
    const { number, opening } = call;
    // A call that began without an observer has neither a number nor a start.
    if (number === 0) return;
    this.#observer?.ended({
      call: number,
      method: opening.method,
      status,
      milliseconds: performance.now() - call.startedAt,
      bytesIn: opening.size + call.received,
      bytesOut: call.sent + Buffer.byteLength(body),
      itemsIn: call.itemsIn,
      itemsOut: call.itemsOut,
      error,
      refused: call.accepted ? undefined : true,
    });
  }

  /** The call of a frame; undefined if it is answered already: frames may cross. @throws ProtocolError if it was never opened */
  find(id: number, frame: string): IncomingCall | undefined {
    if (!this.owns(id) || id > this.#highest) {
      throw new ProtocolError(`${frame} for call ${id}, which was never opened`);
    }
    return this.#open.get(id);
  }

  /** The caller cancels a call. @throws ProtocolError if it never opened it, or cancels too many */
  cancel(id: number): void {
    const call = this.find(id, "CANCEL");
    if (this.#cancels.take() > 0) {
      throw new ProtocolError(`more than ${this.#config.limits.cancels} calls cancelled per second (limits.cancels)`);
    }
    call?.cancel(new RpcError("CANCELLED", "the caller cancelled the call"));
  }

  sender(id: number, window: number): ItemSender {
    const { writer, flow } = this.#config;
    return new ItemSender(writer, { id, credit: window, maxItem: this.#maxItem, flow });
  }

  receiver(reader: ItemReader<unknown>, hooks: ReceiverHooks): ItemReceiver<unknown> {
    return new ItemReceiver({ window: this.#config.limits.window, budget: this.#windows }, reader, hooks);
  }

  headers(id: number, metadata: string): void {
    this.#config.writer.add({ kind: FRAME.HEADERS, id, metadata });
  }

  grant(id: number, credit: number): void {
    this.#config.writer.add({ kind: FRAME.CREDIT, id, credit });
  }

  answer(status: Frame): void {
    this.#open.delete(status.id);
    this.unsent.add();
    this.#config.writer.add(status);
    if (!this.#config.writer.gate.full) this.unsent.taken();
  }

  release(): void {
    this.#config.account.endCall();
    this.#running -= 1;
    if (this.#running === 0) this.#config.onIdle();
  }

  /** Cancels and answers all calls, before the connection is closed. */
  stop(reason: RpcError): void {
    for (const call of [...this.#open.values()]) {
      call.cancel(reason);
      call.fail(reason);
    }
  }

  /** Cancels all calls, because the connection has ended. */
  lost(error: RpcError): void {
    const calls = [...this.#open.values()];
    this.#open.clear();
    this.unsent.taken();
    for (const call of calls) call.abandon(error);
  }

  /** Takes the slot and the memory of one more call; the error where there are none. */
  #take(): RpcError | undefined {
    const { account } = this.#config;
    const excess = account.beginCall();
    if (excess !== undefined) return overQuota(excess);
    try {
      this.memory.take(CALL_WEIGHT);
      return undefined;
    } catch (error) {
      account.endCall();
      return error as RpcError;
    }
  }

  #claim(id: number): void {
    if (!this.owns(id)) throw new ProtocolError(`OPEN with id ${id}, which belongs to the other side`);
    if (this.#open.has(id)) throw new ProtocolError(`OPEN with id ${id}, which is open`);
    // A correct caller waits for answers before it opens more calls, and never has so many outstanding.
    const { excess } = this.unsent;
    if (excess !== undefined) throw new ProtocolError(`${excess} answers wait because the peer does not read them`);
    if (id > this.#highest) this.#highest = id;
  }

  #refuse({ id, method, size, metadata }: RejectedOpening, error: RpcError): void {
    const { writer } = this.#config;
    const body = this.codec.encodeError(error);
    if (this.#observer?.isActive()) {
      const start = { call: nextCall(), method };
      const sizes = { bytesIn: size, bytesOut: Buffer.byteLength(body), itemsIn: 0, itemsOut: 0 };
      this.#observer.started(metadata === undefined ? start : { ...start, metadata });
      this.#observer.ended({ ...start, status: error.status, milliseconds: 0, ...sizes, error, refused: true });
    }
    this.unsent.add();
    writer.add({ kind: FRAME.STATUS, flags: FLAG.REFUSED, id, code: STATUSES[error.status], body });
  }
}
