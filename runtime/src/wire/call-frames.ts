import { RpcError } from "../contract/rpc-error.js";
import { STATUSES } from "../contract/status.js";
import type { ConnectionFlow } from "./flow/connection-flow.js";
import { MAX_CREDIT } from "./flow/stream-window.js";
import { FLAG, FRAME, type FrameView, frameName, itemCost, ProtocolError, positionSize } from "./frame.js";
import { MAX_REASON } from "./hello.js";
import type { IncomingCall } from "./incoming-call.js";
import type { IncomingCalls } from "./incoming-calls.js";
import { type Limits, tooLarge } from "./limits.js";
import { decodeMetadata, type Metadata, NO_METADATA } from "./metadata.js";
import type { OutgoingCalls } from "./outgoing-calls.js";

/** Handles the calls that the peer opens. `request` holds the encoded request, valid during the call only. */
export type CallReceiver = (call: IncomingCall, request: FrameView) => void;

/** The destinations of the frames of calls. */
interface CallFramesConfig {
  readonly outgoing: OutgoingCalls;
  readonly incoming: IncomingCalls;
  readonly flow: ConnectionFlow;
  readonly limits: Limits;
  /** Whether the HELLO of this side announces positions of items. */
  readonly positions: boolean;
  /** Absent if this side serves no methods. */
  readonly receive: CallReceiver | undefined;
}

/** Decodes the frames of calls, and passes them to the calls of either side. */
export class CallFrames {
  readonly #outgoing: OutgoingCalls;
  readonly #incoming: IncomingCalls;
  readonly #flow: ConnectionFlow;
  readonly #limits: Limits;
  readonly #positions: boolean;
  readonly #receive: CallReceiver | undefined;
  #methods = 0;
  #maxMessage: number;

  constructor({ outgoing, incoming, flow, limits, positions, receive }: CallFramesConfig) {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.#flow = flow;
    this.#limits = limits;
    this.#positions = positions;
    this.#maxMessage = limits.message;
    this.#receive = receive;
  }

  /** The peer's HELLO has arrived: it lists this many methods, and both sides accept messages of this many bytes. */
  negotiated({ methods, maxMessage }: { readonly methods: number; readonly maxMessage: number }): void {
    this.#methods = methods;
    this.#maxMessage = maxMessage;
  }

  /** A frame with an id. @throws ProtocolError if it must not occur */
  frame(frame: FrameView): void {
    const { id } = frame;
    switch (frame.kind) {
      case FRAME.STATUS:
        this.#onStatus(frame);
        break;
      case FRAME.OPEN:
        this.#onOpen(frame);
        break;
      case FRAME.ITEM:
        this.#onItem(frame);
        break;
      case FRAME.END:
        this.#incoming.find(id, "END")?.end();
        break;
      case FRAME.CREDIT:
        this.#onCredit(id, frame.takeUint32());
        break;
      case FRAME.HEADERS:
        this.#onHeaders(frame);
        break;
      case FRAME.CANCEL:
        this.#incoming.cancel(id);
        break;
    }
  }

  /**
   * A frame that was skipped: its call fails, the connection goes on.
   * @param error why; by default it is over the limit
   * @throws ProtocolError if it has no such call
   */
  skipped({ kind, id }: FrameView, length: number, error = tooLarge(length, this.#maxMessage, "message")): void {
    if (kind === FRAME.OPEN) this.#incoming.refuse({ id, size: length }, error);
    else if (kind === FRAME.STATUS) this.#outgoing.fail(id, error);
    else if (kind === FRAME.ITEM) this.#rejectItem(id, length, error);
    else throw new ProtocolError(`${frameName(kind)} of ${length} bytes: ${error.message}`);
  }

  #onItem(frame: FrameView): void {
    const { id, size } = frame;
    const limit = this.#maxMessage;
    let item = size;
    if (frame.has(FLAG.POSITION)) {
      this.#checkPosition(id);
      item -= positionSize(frame);
    }
    if (item > limit) {
      this.#rejectItem(id, size, tooLarge(item, limit, "item"));
      return;
    }
    this.#arrive(id, size);
    if (!this.#incoming.owns(id)) {
      this.#outgoing.item(id, frame);
      return;
    }
    const { received } = this.#flow;
    const call = this.#incoming.find(id, "ITEM");
    if (call === undefined) received.consumed(itemCost(size));
    else call.item(frame, received);
  }

  #checkPosition(id: number): void {
    if (!this.#positions)
      throw new ProtocolError("ITEM with a position, which the HELLO of this side does not announce");
    if (this.#incoming.owns(id)) throw new ProtocolError("ITEM with a position in a request stream");
  }

  #rejectItem(id: number, size: number, error: RpcError): void {
    this.#arrive(id, size);
    if (this.#incoming.owns(id)) this.#incoming.find(id, "ITEM")?.reject(error);
    else this.#outgoing.rejectItem(id, error);
    this.#flow.received.consumed(itemCost(size));
  }

  #arrive(id: number, size: number): void {
    if (!this.#flow.received.arrive(itemCost(size))) {
      throw new ProtocolError(`an item of ${size} bytes for call ${id}, beyond the window of the connection`);
    }
  }

  #onCredit(id: number, bytes: number): void {
    if (id === 0) this.#onConnectionCredit(bytes);
    else if (this.#incoming.owns(id)) this.#incoming.find(id, "CREDIT")?.credit(bytes);
    else this.#outgoing.credit(id, bytes);
  }

  #onConnectionCredit(bytes: number): void {
    if (!this.#flow.sent.isOpen) throw new ProtocolError("CREDIT with call id 0");
    if (!this.#flow.sent.grant(bytes)) throw new ProtocolError("credit of the connection over its window");
  }

  #onHeaders(frame: FrameView): void {
    const metadata = this.#takeMetadata(frame);
    if (metadata instanceof Error) this.#outgoing.reject(frame.id, metadata);
    else this.#outgoing.headers(frame.id, metadata);
  }

  /** The metadata of a frame, or the error if it is over the limit. */
  #takeMetadata(frame: FrameView): Metadata | RpcError {
    return frame.has(FLAG.METADATA) ? decodeMetadata(frame, this.#limits.metadata) : NO_METADATA;
  }

  #onStatus(frame: FrameView): void {
    const code = frame.takeUint16();
    const metadata = this.#takeMetadata(frame);
    // An error must arrive under any limits: also the one that says that a message was over them.
    const limit = code === STATUSES.OK ? this.#maxMessage : Math.max(this.#maxMessage, MAX_REASON);
    if (metadata instanceof Error) this.#outgoing.fail(frame.id, metadata);
    else if (frame.size > limit) this.#outgoing.fail(frame.id, tooLarge(frame.size, limit, "response"));
    else this.#outgoing.status(code, metadata, frame);
  }

  #onOpen(frame: FrameView): void {
    const { id, size: length } = frame;
    const method = frame.takeUint16();
    const timeout = frame.takeUint32();
    const window = frame.takeUint32();
    if (window > MAX_CREDIT) throw new ProtocolError(`OPEN with a credit of ${window} bytes`);
    const metadata = this.#takeMetadata(frame);
    if (metadata instanceof Error) {
      this.#incoming.refuse({ id, method, size: length }, metadata);
      return;
    }
    if (method >= this.#methods) throw new ProtocolError(`OPEN of method ${method}, which HELLO does not list`);
    const { size } = frame;
    // Before the call begins: it must have no effects.
    if (size > this.#maxMessage) {
      this.#incoming.refuse({ id, method, size: length }, tooLarge(size, this.#maxMessage, "request"));
      return;
    }
    const call = this.#incoming.begin({
      id,
      hasStream: frame.has(FLAG.STREAM),
      window,
      method,
      timeout,
      metadata,
      size,
    });
    if (call === undefined) return;
    if (this.#receive === undefined) fail(call, new RpcError("UNIMPLEMENTED", "this side serves no methods"));
    else this.#receive(call, frame);
  }
}

function fail(call: IncomingCall, error: RpcError): void {
  call.fail(error);
  call.release();
}
