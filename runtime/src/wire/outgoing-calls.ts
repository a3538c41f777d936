import { RpcError } from "../contract/rpc-error.js";
import type { ConnectionFlow } from "./flow/connection-flow.js";
import { FLAG, FRAME, type FrameView, type ItemView, itemCost, ProtocolError } from "./frame.js";
import type { FrameWriter } from "./frame-writer.js";
import { ItemSender } from "./item-sender.js";
import type { Metadata } from "./metadata.js";
import { type CallProgress, CallQueue, type OutgoingCall } from "./outgoing-call.js";

/** Takes the place of a cancelled call until the callee's status arrives. */
const ABANDONED: OutgoingCall = {
  id: 0,
  method: 0,
  metadata: undefined,
  body: "",
  opened: () => undefined,
  headers: () => undefined,
  items: { push: ({ start, end }, connection) => connection?.consumed(itemCost(end - start)) },
  remaining: () => 0,
  sent: () => undefined,
  status: () => undefined,
  lost: () => undefined,
};

/** What the peer accepts, from its HELLO. */
interface PeerLimits {
  /** Calls that it runs at the same time. */
  readonly calls: number;
  /** The initial credit of each request stream, in bytes. */
  readonly window: number;
  /** Bytes of an item that both sides accept. */
  readonly maxItem: number;
}

/** How the calls of this side are sent. */
interface OutgoingConfig {
  readonly writer: FrameWriter;
  readonly flow: ConnectionFlow;
  /** 1 for the dialer, 2 for the acceptor; each uses every second id. */
  readonly firstId: number;
  /** Calls that may wait; see `limits.queuedCalls`. */
  readonly maxQueue: number;
}

/**
 * The calls that this side has opened. An id belongs to its call until the final status arrives, also after a cancel, so
 * that a late status cannot reach the next call with this id.
 */
export class OutgoingCalls {
  readonly #config: OutgoingConfig;
  readonly #slots: (OutgoingCall | undefined)[] = [];
  readonly #free: number[] = [];
  /** The request streams, in the slots of their calls. */
  readonly #senders: (ItemSender | undefined)[] = [];
  /** Created for the first call that has to wait. */
  #queue: CallQueue | undefined;
  #peer: PeerLimits = { calls: 1, window: 0, maxItem: 0 };

  constructor(config: OutgoingConfig) {
    this.#config = config;
  }

  /** The peer's HELLO has arrived. */
  negotiated(limits: PeerLimits): void {
    this.#peer = limits;
  }

  /** How many have no final status yet, including those that wait. */
  get size(): number {
    return this.#slots.length - this.#free.length + (this.#queue?.size ?? 0);
  }

  /** Sends the call, or queues it until the peer can run it. @throws RpcError RESOURCE_EXHAUSTED */
  open(call: OutgoingCall): void {
    if (this.#free.length > 0 || this.#slots.length < this.#peer.calls) {
      this.#send(call);
      return;
    }
    this.#queue ??= new CallQueue();
    const { maxQueue } = this.#config;
    if (this.#queue.size >= maxQueue) {
      throw new RpcError(
        "RESOURCE_EXHAUSTED",
        `${maxQueue} calls already wait for this connection (limits.queuedCalls); the peer runs ${this.#peer.calls} at a time`,
      );
    }
    this.#queue.add(call);
  }

  /** Cancels the call. Its `status` and `lost` are not called afterwards. */
  cancel(call: OutgoingCall): void {
    if (this.#queue?.forget(call) === true || !this.#isOpen(call)) return;
    const { id } = call;
    const slot = this.#slot(id);
    this.#slots[slot] = ABANDONED;
    this.#closeSender(slot, "the caller cancelled the call");
    this.#config.writer.add({ kind: FRAME.CANCEL, id });
  }

  /** Grants the callee more credit, in bytes. */
  grant(call: OutgoingCall, credit: number): void {
    if (this.#isOpen(call)) this.#config.writer.add({ kind: FRAME.CREDIT, id: call.id, credit });
  }

  /** HEADERS arrived. @throws ProtocolError if the call is not open or has no response stream */
  headers(id: number, metadata: Metadata): void {
    const call = this.#get(id, "HEADERS");
    if (call.headers === undefined) throw new ProtocolError(`HEADERS for call ${id}, which has no response stream`);
    call.headers(metadata);
  }

  /** ITEM arrived. @throws ProtocolError if the call is not open, has no response stream, or has no credit */
  item(id: number, item: ItemView): void {
    this.#items(id).push(item, this.#config.flow.received);
  }

  /** ITEM over the limit arrived: ends the call. @throws ProtocolError as {@link item} */
  rejectItem(id: number, error: RpcError): void {
    this.#items(id);
    this.reject(id, error);
  }

  /** CREDIT arrived. @throws ProtocolError if the call is not open or has no request stream */
  credit(id: number, bytes: number): void {
    const call = this.#get(id, "CREDIT");
    if (call.opened === undefined) throw new ProtocolError(`CREDIT for call ${id}, which has no request stream`);
    this.#senders[this.#slot(id)]?.grant(bytes);
  }

  /** STATUS arrived; the rest of `frame` is its body. @throws ProtocolError if the call is not open */
  status(code: number, trailers: Metadata, frame: FrameView): void {
    this.#finish(frame.id).status(code, trailers, frame);
    this.#sendNext();
  }

  /** STATUS arrived that this side cannot accept. @throws ProtocolError if the call is not open */
  fail(id: number, error: RpcError): void {
    this.#finish(id).lost(error, "unknown");
    this.#sendNext();
  }

  /** Ends a call that cannot continue on this side. The callee receives a CANCEL, and still sends a status. */
  reject(id: number, error: RpcError): void {
    const call = this.#get(id, "a frame");
    this.cancel(call);
    call.lost(error, "unknown");
  }

  /** Ends the calls that wait, because the peer accepts no new ones. */
  giveBack(error: RpcError): void {
    for (const call of this.#queue?.clear() ?? []) call.lost(error, "not-started");
  }

  /** Ends all calls, because the connection has ended. `progress` is that of the calls without a status. */
  lost(error: RpcError, progress: CallProgress): void {
    const calls = [...this.#slots];
    this.#slots.length = this.#free.length = 0;
    for (const sender of this.#senders.splice(0)) sender?.close(error);
    for (const call of calls) call?.lost(error, progress);
    this.giveBack(error);
  }

  #send(call: OutgoingCall): void {
    const { writer, firstId, flow } = this.#config;
    const slot = this.#free.pop() ?? this.#slots.length;
    const id = slot * 2 + firstId;
    this.#slots[slot] = call;
    call.sent(id);
    writer.add({
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
      const { window, maxItem } = this.#peer;
      const sender = new ItemSender(writer, { id, credit: window, maxItem, flow });
      this.#senders[slot] = sender;
      call.opened(sender);
    }
  }

  #isOpen(call: OutgoingCall): boolean {
    return call.id !== 0 && this.#slots[this.#slot(call.id)] === call;
  }

  #get(id: number, frame: string): OutgoingCall {
    const call = this.#slots[this.#slot(id)];
    if (call === undefined) throw new ProtocolError(`${frame} for call ${id}, which is not open`);
    return call;
  }

  #items(id: number): NonNullable<OutgoingCall["items"]> {
    const { items } = this.#get(id, "ITEM");
    if (items === undefined) throw new ProtocolError(`ITEM for call ${id}, which has no response stream`);
    return items;
  }

  #closeSender(slot: number, reason: string): void {
    const sender = this.#senders[slot];
    if (sender === undefined) return;
    sender.close(new RpcError("CANCELLED", reason));
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

  #sendNext(): void {
    const call = this.#queue?.take();
    if (call !== undefined) this.#send(call);
  }

  #slot(id: number): number {
    return (id - this.#config.firstId) / 2;
  }
}
