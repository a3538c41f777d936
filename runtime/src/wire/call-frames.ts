import { RpcError } from "../contract/rpc-error.js";
import { MAX_CREDIT } from "./credit.js";
import { FLAG, FRAME, type FrameKind, frameName, OPEN_SIZE, STATUS_SIZE } from "./frame.js";
import type { IncomingCall } from "./incoming-call.js";
import type { IncomingCalls } from "./incoming-calls.js";
import type { Limits } from "./limits.js";
import { tooLarge } from "./message-size.js";
import { decodeMetadata, type Metadata, NO_METADATA } from "./metadata.js";
import type { OutgoingCalls } from "./outgoing-calls.js";
import { ProtocolError } from "./protocol-error.js";

/** Takes the calls that the other side opens. */
export type CallReceiver = (
  call: IncomingCall,
  /** The index of the method in the other side's HELLO; checked to be one. */
  method: number,
  /** Milliseconds until the deadline; 0 where there is none. */
  timeout: number,
  metadata: Metadata,
  /** The request is `buffer` from `start` to `end`, valid during this call only. */
  buffer: Buffer,
  start: number,
  end: number,
) => void;

/** Takes the frames that concern single calls apart, and gives them to the calls, of either side, that they are for. */
export class CallFrames {
  readonly #outgoing: OutgoingCalls;
  readonly #incoming: IncomingCalls;
  readonly #theirs: number;
  readonly #limits: Limits;
  readonly #receive: CallReceiver | undefined;
  /** How many methods the other side's HELLO lists. */
  methods = 0;

  /** @param theirs the parity of the ids that the other side opens calls with */
  constructor(
    outgoing: OutgoingCalls,
    incoming: IncomingCalls,
    theirs: number,
    limits: Limits,
    receive: CallReceiver | undefined,
  ) {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.#theirs = theirs;
    this.#limits = limits;
    this.#receive = receive;
  }

  /** A frame with an id. @throws ProtocolError where it must not occur */
  frame(kind: FrameKind, flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    switch (kind) {
      case FRAME.STATUS:
        this.#onStatus(flags, id, buffer, start, end);
        break;
      case FRAME.OPEN:
        this.#onOpen(flags, id, buffer, start, end);
        break;
      case FRAME.ITEM:
        this.#onItem(id, buffer, start, end);
        break;
      case FRAME.END:
        this.#incoming.find(id, "END")?.end();
        break;
      case FRAME.CREDIT:
        this.#onCredit(id, buffer.readUInt32BE(start));
        break;
      case FRAME.HEADERS:
        this.#onHeaders(flags, id, buffer, start, end);
        break;
      case FRAME.CANCEL:
        this.#incoming.find(id, "CANCEL")?.cancel(new RpcError("CANCELLED", "the caller cancelled the call"));
        break;
    }
  }

  /** A frame over the limit: only its call fails, not the connection with all the others. @throws ProtocolError */
  oversize(kind: FrameKind, id: number, length: number): void {
    const error = tooLarge(length, this.#limits.message, "message");
    if (kind === FRAME.OPEN) this.#incoming.refuse(id, error, length);
    else if (kind === FRAME.STATUS) this.#outgoing.fail(id, error);
    else if (kind === FRAME.ITEM) this.#rejectItem(id, error);
    else throw new ProtocolError(`${frameName(kind)} of ${length} bytes`);
  }

  /** Whether a frame that either side of a call may send is for a call that this side opened. */
  #isOurs(id: number): boolean {
    return id % 2 !== this.#theirs;
  }

  #onItem(id: number, buffer: Buffer, start: number, end: number): void {
    const limit = this.#limits.message;
    if (end - start > limit) this.#rejectItem(id, tooLarge(end - start, limit, "item"));
    else if (this.#isOurs(id)) this.#outgoing.item(id, buffer, start, end);
    else this.#incoming.find(id, "ITEM")?.item(buffer, start, end);
  }

  #rejectItem(id: number, error: RpcError): void {
    if (this.#isOurs(id)) this.#outgoing.rejectItem(id, error);
    else this.#incoming.find(id, "ITEM")?.reject(error);
  }

  #onCredit(id: number, bytes: number): void {
    if (this.#isOurs(id)) this.#outgoing.credit(id, bytes);
    else this.#incoming.find(id, "CREDIT")?.credit(bytes);
  }

  #onHeaders(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    const { metadata } = this.#metadata(flags, buffer, start, end);
    if (metadata instanceof RpcError) this.#outgoing.reject(id, metadata);
    else this.#outgoing.headers(id, metadata);
  }

  /** The metadata of a frame, or why it cannot be taken; and where its body begins. */
  #metadata(
    flags: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): { readonly metadata: Metadata | RpcError; readonly body: number } {
    if ((flags & FLAG.METADATA) === 0) return { metadata: NO_METADATA, body: start };
    const found = decodeMetadata(buffer, start, end, this.#limits.metadata);
    return found instanceof RpcError ? { metadata: found, body: end } : found;
  }

  #onStatus(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    const code = buffer.readUInt16BE(start);
    const { metadata, body } = this.#metadata(flags, buffer, start + STATUS_SIZE, end);
    const limit = this.#limits.message;
    if (metadata instanceof RpcError) this.#outgoing.fail(id, metadata);
    else if (end - body > limit) this.#outgoing.fail(id, tooLarge(end - body, limit, "response"));
    else this.#outgoing.status(id, code, metadata, buffer, body, end, (flags & FLAG.REFUSED) !== 0);
  }

  #onOpen(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    const method = buffer.readUInt16BE(start);
    const timeout = buffer.readUInt32BE(start + 2);
    const window = buffer.readUInt32BE(start + 6);
    if (window > MAX_CREDIT) throw new ProtocolError(`OPEN with a credit of ${window} bytes`);
    const { metadata, body } = this.#metadata(flags, buffer, start + OPEN_SIZE, end);
    if (metadata instanceof RpcError) {
      this.#incoming.refuse(id, metadata, end - start, method);
      return;
    }
    if (method >= this.methods) {
      throw new ProtocolError(`OPEN of method ${method}, which HELLO does not list`);
    }
    const call = this.#incoming.begin(id, (flags & FLAG.STREAM) !== 0, window, method, end - body);
    if (call === undefined) return;
    const limit = this.#limits.message;
    if (end - body > limit) {
      call.answer("MESSAGE_TOO_LARGE", JSON.stringify({ message: tooLarge(end - body, limit, "request").message }));
      call.release();
    } else if (this.#receive === undefined) {
      call.answer("UNIMPLEMENTED", JSON.stringify({ message: "this side serves no methods" }));
      call.release();
    } else this.#receive(call, method, timeout, metadata, buffer, body, end);
  }
}
