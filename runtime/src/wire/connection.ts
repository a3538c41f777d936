import type { Duplex } from "node:stream";
import { RpcError } from "../contract/rpc-error.js";
import { Batch } from "./batch.js";
import { FrameDecoder, type FrameSink } from "./decode.js";
import { FLAG, FRAME, type FrameKind, frameName, METADATA_SIZE, OPEN_SIZE, STATUS_SIZE } from "./frame.js";
import { type Hello, MAX_HELLO, parseHello, parseReason } from "./hello.js";
import { type IncomingCall, IncomingCalls } from "./incoming-calls.js";
import type { Limits } from "./limits.js";
import { checkSize, tooLarge } from "./message-size.js";
import { decodeMetadata, type Metadata, NO_METADATA } from "./metadata.js";
import { type OutgoingCall, OutgoingCalls } from "./outgoing-calls.js";
import { PREAMBLE, PreambleScanner } from "./preamble.js";
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

/** How a connection is set up. */
export interface ConnectionOptions {
  /** Which side this is: ids and flow control depend on it. */
  readonly role: "dialer" | "acceptor";
  /** What this side says of itself; its limits are added. */
  readonly hello: Omit<Hello, "limits">;
  readonly limits: Limits;
  /** Absent where this side serves nothing. */
  readonly receive?: CallReceiver;
  /** Whom to name in messages: "the server", "the client". */
  readonly other: string;
}

/** Milliseconds that the transport has to close after the last frame, before it is destroyed. */
const CLOSE_GRACE = 1000;

/**
 * A live duplex with the multiplexer on it: it agrees on the wire with the other side, carries the calls of both, and
 * ends them all when it ends. Whoever makes it closes it; it then destroys the duplex.
 */
export class Connection implements FrameSink {
  readonly outgoing: OutgoingCalls;
  readonly incoming: IncomingCalls;
  /** Resolves with the reason when the connection has ended and its transport is closed. */
  readonly closed: Promise<RpcError>;
  /** Resolves with the other side's HELLO; rejects where it does not come. */
  readonly ready: Promise<Hello>;

  readonly #duplex: Duplex;
  readonly #options: ConnectionOptions;
  readonly #batch: Batch;
  readonly #decoder: FrameDecoder;
  readonly #preamble: PreambleScanner;
  #started = false;
  #remote: Hello | undefined;
  #draining = false;
  #end: RpcError | undefined;
  #helloTimer: NodeJS.Timeout | undefined;
  #resolveReady: (hello: Hello) => void = () => undefined;
  #rejectReady: (error: RpcError) => void = () => undefined;
  #resolveClosed: (reason: RpcError) => void = () => undefined;

  constructor(duplex: Duplex, options: ConnectionOptions) {
    const { limits, role } = options;
    this.#duplex = duplex;
    this.#options = options;
    this.#batch = new Batch(this.#write);
    this.outgoing = new OutgoingCalls(this.#batch, role === "dialer" ? 1 : 2, limits.queue);
    this.incoming = new IncomingCalls(this.#batch, role === "dialer" ? 2 : 1, limits.calls);
    this.#decoder = new FrameDecoder(this, MAX_HELLO);
    this.#preamble = new PreambleScanner(limits.noise);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.ready.catch(() => undefined);
    this.#helloTimer = setTimeout(() => this.#fail(this.#noHello()), limits.hello);
    duplex.on("data", this.#read);
    duplex.on("drain", () => duplex.resume());
    duplex.on("end", () => this.#lost());
    duplex.on("error", (error) => this.#lost(error));
    duplex.on("close", () => this.#lost());
    duplex.write(PREAMBLE);
    const { message, calls } = limits;
    this.#batch.add({
      kind: FRAME.HELLO,
      id: 0,
      body: JSON.stringify({ ...options.hello, limits: { message, calls } }),
    });
  }

  /** The other side's HELLO, once it has come. */
  get remote(): Hello | undefined {
    return this.#remote;
  }

  /** Bytes of a message that both sides take. */
  get maxMessage(): number {
    const { message } = this.#options.limits;
    return Math.min(message, this.#remote?.limits.message ?? message);
  }

  /** Whether calls can be opened. */
  get open(): boolean {
    return this.#end === undefined && !this.#draining;
  }

  /** Opens a call. @throws RpcError UNAVAILABLE where the connection takes none, RESOURCE_EXHAUSTED, MESSAGE_TOO_LARGE */
  call(call: OutgoingCall): void {
    if (this.#end !== undefined) throw this.#end;
    if (this.#draining) throw new RpcError("UNAVAILABLE", `${this.#options.other} takes no new calls`);
    checkSize(call.body, this.maxMessage, "request");
    this.outgoing.open(call);
  }

  /** Ends the connection: tells the other side why, lets what was sent leave, and then closes the transport. */
  close(reason: string): Promise<RpcError> {
    if (this.#end === undefined) {
      this.#batch.add({ kind: FRAME.CLOSE, id: 0, body: JSON.stringify({ message: reason }) });
      this.#finish(new RpcError("UNAVAILABLE", `the connection was closed: ${reason}`));
    }
    return this.closed;
  }

  /** See {@link FrameSink.frame}. */
  frame(kind: FrameKind, flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    if (this.#end !== undefined) return;
    this.#checkOrder(kind);
    switch (kind) {
      case FRAME.STATUS:
        this.#onStatus(flags, id, buffer, start, end);
        break;
      case FRAME.OPEN:
        this.#onOpen(flags, id, buffer, start, end);
        break;
      case FRAME.CANCEL:
        this.incoming.cancel(id);
        break;
      case FRAME.HELLO:
        this.#onHello(buffer.toString("utf8", start, end));
        break;
      case FRAME.DRAIN:
        this.#draining = true;
        break;
      case FRAME.CLOSE:
        this.#onClose(parseReason(buffer.toString("utf8", start, end)));
        break;
      default:
        throw new ProtocolError(`${frameName(kind)} for call ${id}, which has no streams`);
    }
  }

  /** See {@link FrameSink.oversize}. */
  oversize(kind: FrameKind, id: number, length: number): void {
    if (this.#end !== undefined) return;
    this.#checkOrder(kind);
    const limit = this.#options.limits.message;
    const error = new RpcError(
      "MESSAGE_TOO_LARGE",
      `a message of ${length} bytes; the limit is ${limit} (limits.message)`,
    );
    if (kind === FRAME.OPEN) this.incoming.refuse(id, error);
    else if (kind === FRAME.STATUS) this.outgoing.fail(id, error);
    else throw new ProtocolError(`${frameName(kind)} of ${length} bytes`);
  }

  #checkOrder(kind: FrameKind): void {
    if (this.#remote === undefined && kind !== FRAME.HELLO && kind !== FRAME.CLOSE) {
      throw new ProtocolError(`${frameName(kind)} before HELLO`);
    }
  }

  #onStatus(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    const code = buffer.readUInt16BE(start);
    let body = start + STATUS_SIZE;
    let metadata = NO_METADATA;
    if ((flags & FLAG.METADATA) !== 0) {
      const found = decodeMetadata(buffer, body, end, this.#options.limits.metadata);
      if (found instanceof RpcError) {
        this.outgoing.fail(id, found);
        return;
      }
      ({ metadata, body } = found);
    }
    const limit = this.#options.limits.message;
    if (end - body > limit) this.outgoing.fail(id, tooLarge(end - body, limit, "response"));
    else this.outgoing.status(id, code, metadata, buffer, body, end);
  }

  #onOpen(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    const method = buffer.readUInt16BE(start);
    const timeout = buffer.readUInt32BE(start + 2);
    let body = start + OPEN_SIZE;
    let metadata = NO_METADATA;
    if ((flags & FLAG.METADATA) !== 0) {
      const found = decodeMetadata(buffer, body, end, this.#options.limits.metadata);
      if (found instanceof RpcError) {
        this.incoming.refuse(id, found);
        return;
      }
      ({ metadata, body } = found);
    }
    if (method >= (this.#remote as Hello).methods.length)
      throw new ProtocolError(`OPEN of method ${method}, which HELLO does not list`);
    if ((flags & FLAG.STREAM) !== 0) throw new ProtocolError(`OPEN of call ${id} with a request stream`);
    const call = this.incoming.begin(id);
    if (call === undefined) return;
    const limit = this.#options.limits.message;
    if (end - body > limit) {
      call.answer("MESSAGE_TOO_LARGE", JSON.stringify({ message: tooLarge(end - body, limit, "request").message }));
      call.release();
    } else if (this.#options.receive === undefined) {
      call.answer("NOT_FOUND", JSON.stringify({ message: "this side serves no methods" }));
      call.release();
    } else this.#options.receive(call, method, timeout, metadata, buffer, body, end);
  }

  #onHello(text: string): void {
    if (this.#remote !== undefined) throw new ProtocolError("a second HELLO");
    this.#remote = parseHello(text);
    const { message, metadata } = this.#options.limits;
    this.#decoder.maxPayload = message + metadata + OPEN_SIZE + METADATA_SIZE;
    this.outgoing.max = this.#remote.limits.calls;
    clearTimeout(this.#helloTimer);
    this.#resolveReady(this.#remote);
  }

  #onClose(reason: string): void {
    this.#finish(new RpcError("UNAVAILABLE", `${this.#options.other} closed the connection: ${reason}`));
  }

  #noHello(): ProtocolError {
    return new ProtocolError(
      this.#started
        ? `no HELLO within ${this.#options.limits.hello} ms`
        : `no sshrpc preamble within ${this.#options.limits.hello} ms; what came begins: ${this.#preamble.noise()}`,
    );
  }

  readonly #read = (chunk: Buffer): void => {
    if (this.#end !== undefined) return;
    try {
      const frames = this.#started ? chunk : this.#preamble.push(chunk);
      if (frames === undefined) return;
      this.#started = true;
      if (frames.length > 0) this.#decoder.push(frames);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(error);
    }
  };

  /**
   * Only the accepting side stops reading while its own writes wait: if both did, two sides that send much to each
   * other would wait for each other for ever.
   */
  readonly #write = (chunk: Buffer): void => {
    const flowing = this.#duplex.write(chunk);
    if (!flowing && this.#options.role === "acceptor" && this.#duplex.writableLength > this.#options.limits.backlog) {
      this.#duplex.pause();
    }
  };

  #fail(error: ProtocolError): void {
    if (this.#end !== undefined) return;
    this.#batch.add({ kind: FRAME.CLOSE, id: 0, body: JSON.stringify({ message: error.message }) });
    this.#finish(new RpcError("UNAVAILABLE", `${this.#options.other} broke the protocol: ${error.message}`));
  }

  #lost(cause?: Error): void {
    const why = cause === undefined ? "" : `: ${cause.message}`;
    const error =
      cause instanceof RpcError ? cause : new RpcError("UNAVAILABLE", `the connection was lost${why}`, { cause });
    this.#finish(error);
  }

  #finish(reason: RpcError): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    clearTimeout(this.#helloTimer);
    this.#batch.flush();
    this.#batch.discard();
    this.#rejectReady(reason);
    this.outgoing.lost(reason);
    this.incoming.lost(reason);
    this.#endDuplex(() => this.#resolveClosed(reason));
  }

  /** Lets the last frames leave, and makes sure that the duplex ends, whatever the other side does. */
  #endDuplex(done: () => void): void {
    const duplex = this.#duplex;
    if (duplex.destroyed) {
      done();
      return;
    }
    duplex.resume();
    duplex.end();
    const timer = setTimeout(() => duplex.destroy(), CLOSE_GRACE);
    duplex.once("close", () => {
      clearTimeout(timer);
      done();
    });
  }
}
