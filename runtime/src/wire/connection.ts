import type { Duplex } from "node:stream";
import { handOver } from "../base/memory-transport.js";
import { RpcError } from "../contract/rpc-error.js";
import { CallFrames } from "./call-frames.js";
import type { ConnectionOptions } from "./connection-options.js";
import { FrameDecoder, type FrameSink } from "./decode.js";
import { Drain } from "./drain.js";
import { DuplexWriter } from "./duplex-writer.js";
import { endDuplex } from "./end-duplex.js";
import { FLAG, FRAME, type FrameKind, frameName, METADATA_SIZE, OPEN_SIZE } from "./frame.js";
import { FrameWriter } from "./frame-writer.js";
import { Handshake } from "./handshake.js";
import { type Hello, MAX_HELLO, MAX_REASON, parseReason } from "./hello.js";
import { IncomingCalls } from "./incoming-calls.js";
import { checkSize } from "./message-size.js";
import type { OutgoingCall } from "./outgoing-call.js";
import { OutgoingCalls } from "./outgoing-calls.js";
import { PREAMBLE } from "./preamble.js";
import { ProtocolError } from "./protocol-error.js";
import { WriteGate } from "./write-gate.js";

/** Answers that may wait for the transport of the side that dialled, for each call that it runs: those refused, too. */
const UNSENT_PER_CALL = 4;

/**
 * A live duplex with the multiplexer on it: it agrees on the wire with the other side, carries the calls of both, and
 * ends them all when it ends. Whoever makes it closes it; it then destroys the duplex.
 */
export class Connection implements FrameSink {
  readonly outgoing: OutgoingCalls;
  readonly incoming: IncomingCalls;
  /** Resolves with the reason when the connection has ended and its transport is closed. */
  readonly closed: Promise<RpcError>;

  readonly #duplex: Duplex;
  readonly #options: ConnectionOptions;
  readonly #batch: FrameWriter;
  readonly #backlog = new WriteGate();
  readonly #calls: CallFrames;
  readonly #decoder: FrameDecoder;
  readonly #handshake: Handshake;
  readonly #drain: Drain;
  #end: RpcError | undefined;
  #resolveClosed: (reason: RpcError) => void = () => undefined;

  constructor(duplex: Duplex, options: ConnectionOptions) {
    const { limits, role } = options;
    this.#duplex = duplex;
    this.#options = options;
    const leave = (): (() => void) | undefined => this.incoming.leave();
    this.#batch = new FrameWriter(
      new DuplexWriter(duplex, this.#backlog, options, leave, () => this.#pause()).write,
      handOver(duplex),
    );
    this.outgoing = new OutgoingCalls(this.#batch, this.#backlog, role === "dialer" ? 1 : 2, limits.queuedCalls);
    const theirs = role === "dialer" ? 2 : 1;
    this.incoming = new IncomingCalls(this.#batch, this.#backlog, theirs, limits, options.budget);
    this.incoming.onCall = options.onCall;
    if (role === "dialer") this.incoming.maxUnsent = limits.calls * UNSENT_PER_CALL;
    this.#calls = new CallFrames(this.outgoing, this.incoming, theirs % 2, limits, options.receive);
    this.#drain = new Drain(
      this.#batch,
      this.outgoing,
      this.incoming,
      options,
      () => void this.close("it was drained"),
    );
    this.#decoder = new FrameDecoder(this, MAX_HELLO);
    this.#handshake = new Handshake(limits, (error) => this.#fail(error));
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    duplex.on("data", this.#read);
    duplex.on("drain", () => this.#drained());
    duplex.on("end", () => this.#lost());
    duplex.on("error", (error) => this.#lost(error));
    duplex.on("close", () => this.#lost());
    // A copy, for in memory the other end reads, and may change, what is written here.
    duplex.write(Buffer.from(PREAMBLE));
    const { message, calls, window } = limits;
    this.#batch.add({
      kind: FRAME.HELLO,
      id: 0,
      body: JSON.stringify({ ...options.hello, limits: { message, calls, window } }),
    });
  }

  /** Resolves with the other side's HELLO; rejects where it does not come. */
  get ready(): Promise<Hello> {
    return this.#handshake.ready;
  }

  /** The other side's HELLO, once it has come. */
  get remote(): Hello | undefined {
    return this.#handshake.remote;
  }

  /** Bytes of a message that both sides take. */
  get maxMessage(): number {
    const { message } = this.#options.limits;
    return Math.min(message, this.remote?.limits.message ?? message);
  }

  /** Whether calls can be opened. */
  get open(): boolean {
    return this.refusal === undefined;
  }

  /** Why no call can be opened, as it was first said; undefined where they can. */
  get refusal(): RpcError | undefined {
    return this.#drain.refusal ?? this.#end;
  }

  /** Opens a call. @throws RpcError UNAVAILABLE where the connection takes none, RESOURCE_EXHAUSTED, MESSAGE_TOO_LARGE */
  call(call: OutgoingCall): void {
    if (this.refusal !== undefined) throw this.refusal;
    checkSize(call.body, this.maxMessage, "request");
    this.outgoing.open(call);
  }

  /** Asks the other side to open no new calls here; see {@link Drain}. */
  drain(reason: string): void {
    if (this.#end === undefined) this.#drain.ask(reason);
  }

  /**
   * Ends the connection: stops and answers the calls of the other side, tells it why, lets what was sent leave, and then
   * closes the transport.
   */
  close(reason: string): Promise<RpcError> {
    if (this.#end === undefined) this.incoming.stop(new RpcError("UNAVAILABLE", reason));
    // A handler that is stopped may have closed the connection itself.
    if (this.#end === undefined) {
      const body = JSON.stringify({ message: reason });
      this.#batch.add({ kind: FRAME.CLOSE, flags: FLAG.REFUSED, id: 0, body });
      this.#finish(new RpcError("UNAVAILABLE", `the connection was closed: ${reason}`));
    }
    return this.closed;
  }

  /** See {@link FrameSink.frame}. */
  frame(kind: FrameKind, flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    if (this.#end !== undefined) return;
    this.#checkOrder(kind);
    switch (kind) {
      case FRAME.HELLO:
        this.#onHello(buffer.toString("utf8", start, end));
        break;
      case FRAME.DRAIN:
        this.#drain.asked(parseReason(buffer.toString("utf8", start, end)));
        break;
      case FRAME.CLOSE:
        this.#onClose(parseReason(buffer.toString("utf8", start, end)), (flags & FLAG.REFUSED) !== 0);
        break;
      default:
        this.#calls.frame(kind, flags, id, buffer, start, end);
    }
  }

  /** See {@link FrameSink.oversize}. */
  oversize(kind: FrameKind, id: number, length: number): void {
    if (this.#end !== undefined) return;
    this.#checkOrder(kind);
    this.#calls.oversize(kind, id, length);
  }

  #checkOrder(kind: FrameKind): void {
    if (this.remote === undefined && kind !== FRAME.HELLO && kind !== FRAME.CLOSE) {
      throw new ProtocolError(`${frameName(kind)} before HELLO`);
    }
  }

  #onHello(text: string): void {
    const hello = this.#handshake.hello(text);
    const { message, metadata } = this.#options.limits;
    this.#decoder.maxPayload = Math.max(MAX_REASON, message + metadata + OPEN_SIZE + METADATA_SIZE);
    this.outgoing.max = hello.limits.calls;
    this.outgoing.window = hello.limits.window;
    this.outgoing.maxItem = this.incoming.maxItem = this.maxMessage;
    this.#calls.methods = hello.methods.length;
    this.#handshake.complete(hello);
  }

  #onClose(reason: string, refused: boolean): void {
    this.#finish(new RpcError("UNAVAILABLE", `${this.#options.other} closed the connection: ${reason}`), refused);
  }

  readonly #read = (chunk: Buffer): void => {
    this.#decode(() => {
      const frames = this.#handshake.read(chunk);
      if (frames !== undefined && frames.length > 0) this.#decoder.push(frames);
    });
  };

  #decode(frames: () => void): void {
    if (this.#end !== undefined) return;
    try {
      frames();
      this.#drain.closeIfIdle();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(error);
    }
  }

  #pause(): void {
    this.#duplex.pause();
    this.#decoder.pause();
  }

  #drained(): void {
    this.#backlog.drain();
    // First, for what is decoded may fill the transport again, and then reading stops again.
    this.#duplex.resume();
    this.#decode(() => this.#decoder.resume());
  }

  #fail(error: ProtocolError): void {
    if (this.#end !== undefined) return;
    this.#batch.add({ kind: FRAME.CLOSE, id: 0, body: JSON.stringify({ message: error.message }) });
    this.#finish(new RpcError("UNAVAILABLE", `${this.#options.other} broke the protocol: ${error.message}`));
  }

  #lost(cause?: Error): void {
    const why = cause === undefined ? "" : `: ${cause.message}`;
    const error =
      cause instanceof RpcError ? cause : new RpcError("UNAVAILABLE", `the connection was lost${why}`, { cause });
    // A login shell says there why it starts no server.
    const { noise } = this.#handshake;
    const heard = `${error.message}; in place of sshrpc's preamble came ${noise}`;
    this.#finish(noise === undefined ? error : new RpcError(error.status, heard, { cause: error }));
  }

  /** `refused`: the other side never began the calls that have no status. */
  #finish(reason: RpcError, refused = false): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#batch.flush();
    this.#batch.discard();
    this.#handshake.end(reason);
    this.#options.onEnd?.(reason);
    this.outgoing.lost(reason, refused);
    this.incoming.lost(reason);
    this.#backlog.drain();
    endDuplex(this.#duplex, () => this.#resolveClosed(reason));
  }
}
