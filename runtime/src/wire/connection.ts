import type { Duplex } from "node:stream";
import { singleAccount } from "../base/accounts/server-account.js";
import { openingOf } from "../base/transport.js";
import { jsonCodec } from "../codec/json.js";
import { RpcError } from "../contract/rpc-error.js";
import { CallFrames } from "./call-frames.js";
import { closeDuplex } from "./close-duplex.js";
import type { ConnectionOptions } from "./connection-options.js";
import { FrameDecoder, type FrameSink, Reading } from "./decode.js";
import { ConnectionFlow } from "./flow/connection-flow.js";
import { checkFirst, FLAG, FRAME, type FrameKind, type FrameView, maxCallPayload, ProtocolError } from "./frame.js";
import { type FrameWriter, writerTo } from "./frame-writer.js";
import { Handshake } from "./handshake.js";
import { type Hello, MAX_HELLO, MAX_REASON, parseReason } from "./hello.js";
import { IncomingCalls } from "./incoming-calls.js";
import { checkSize } from "./limits.js";
import type { CallProgress, OutgoingCall } from "./outgoing-call.js";
import { OutgoingCalls } from "./outgoing-calls.js";
import { PREAMBLE } from "./preamble.js";

/**
 * The multiplexer on a live duplex: performs the handshake, carries the calls of both sides, and ends them all when it
 * ends. Its owner closes it; it then destroys the duplex.
 */
export class Connection implements FrameSink {
  readonly outgoing: OutgoingCalls;
  readonly incoming: IncomingCalls;
  #resolveClosed: (reason: RpcError) => void = () => undefined;
  /** Resolves with the reason when the connection has ended and its transport is closed. */
  readonly closed = new Promise<RpcError>((resolve) => {
    this.#resolveClosed = resolve;
  });

  readonly #duplex: Duplex;
  readonly #options: ConnectionOptions;
  readonly #writer: FrameWriter;
  readonly #flow: ConnectionFlow;
  readonly #calls: CallFrames;
  readonly #decoder: FrameDecoder;
  readonly #reading: Reading;
  readonly #handshake: Handshake;
  #remote: Hello | undefined;
  #refusal: RpcError | undefined;
  #end: RpcError | undefined;

  constructor(duplex: Duplex, options: ConnectionOptions) {
    const { limits, role, codec = jsonCodec, receive, account = singleAccount(limits), observer } = options;
    this.#duplex = duplex;
    this.#options = options;
    const writer = writerTo(duplex, {
      role,
      highWaterMark: limits.sendHighWaterMark,
      pause: () => this.#reading.block(),
      flushed: () => this.incoming.unsent.flushed(),
    });
    const flow = new ConnectionFlow(account, (credit) => writer.add({ kind: FRAME.CREDIT, id: 0, credit }));
    const firstId = role === "dialer" ? 1 : 2;
    const outgoing = new OutgoingCalls({ writer, flow, firstId, maxQueue: limits.queuedCalls });
    const onIdle = (): void => this.#closeIfDrained();
    const incoming = new IncomingCalls({ writer, flow, codec, role, limits, account, observer, onIdle });
    this.#flow = flow;
    this.#writer = writer;
    this.outgoing = outgoing;
    this.incoming = incoming;
    const positions = options.hello.positions === true;
    this.#calls = new CallFrames({ outgoing, incoming, flow, limits, positions, receive });
    this.#decoder = new FrameDecoder(this, { maxPayload: options.maxHello ?? MAX_HELLO, memory: flow.memory });
    const resume = (): void => this.#decode(() => this.#decoder.resume());
    this.#reading = new Reading(duplex, this.#decoder, { turn: options.turn, resume });
    this.#handshake = new Handshake(limits, (error) => this.#fail(error), openingOf(duplex));
    duplex.on("data", this.#read);
    duplex.on("drain", () => this.#drained());
    duplex.on("end", () => this.#lost());
    duplex.on("error", (error) => this.#lost(error));
    duplex.on("close", () => this.#lost());
    // A copy: in memory, the peer reads, and may change, the bytes that are written here.
    duplex.write(Buffer.from(PREAMBLE));
    const { message, calls, window, connectionWindow: connection } = limits;
    this.#addJson(FRAME.HELLO, { ...options.hello, limits: { message, calls, window, connection } });
  }

  /** Resolves with the peer's HELLO; rejects if the connection ends before it. */
  get ready(): Promise<Hello> {
    return this.#handshake.ready;
  }

  /** The peer's HELLO, once it has arrived. */
  get remote(): Hello | undefined {
    return this.#remote;
  }

  /** Bytes of a message that both sides accept. */
  get maxMessage(): number {
    const { message } = this.#options.limits;
    return Math.min(message, this.#remote?.limits.message ?? message);
  }

  /** Whether calls can be opened. */
  get open(): boolean {
    return this.#refusal === undefined;
  }

  /** The first reason why no call can be opened: the peer drains, or the connection has ended. */
  get refusal(): RpcError | undefined {
    return this.#refusal;
  }

  /** Opens a call. @throws RpcError UNAVAILABLE if the connection accepts none, RESOURCE_EXHAUSTED, MESSAGE_TOO_LARGE */
  call(call: OutgoingCall): void {
    if (this.#refusal !== undefined) throw this.#refusal;
    checkSize(call.body, this.maxMessage, "request");
    this.outgoing.open(call);
  }

  /**
   * Starts a graceful shutdown: asks the peer to open no new calls here, and rejects those that arrive. After the last call,
   * the dialer closes the connection: only the dialer knows that none of its calls is in flight.
   */
  drain(reason: string): void {
    if (this.#end !== undefined || !this.incoming.refuseNew(new RpcError("UNAVAILABLE", reason))) return;
    this.#addJson(FRAME.DRAIN, { message: reason });
  }

  /** Ends the connection: cancels and answers the peer's calls, sends CLOSE with the reason, and closes the transport. */
  close(reason: string): Promise<RpcError> {
    if (this.#end === undefined) this.incoming.stop(new RpcError("UNAVAILABLE", reason));
    // A handler that is cancelled may have closed the connection itself.
    if (this.#end === undefined) {
      this.#addJson(FRAME.CLOSE, { message: reason }, FLAG.REFUSED);
      this.#finish(new RpcError("UNAVAILABLE", `the connection was closed: ${reason}`));
    }
    return this.closed;
  }

  /** See {@link FrameSink.frame}. */
  frame(frame: FrameView): void {
    if (this.#end !== undefined) return;
    if (this.#remote === undefined) checkFirst(frame.kind);
    const { size } = frame;
    switch (frame.kind) {
      case FRAME.HELLO:
        this.#onHello(frame.takeText());
        break;
      case FRAME.DRAIN:
        this.#onDrain(parseReason(frame.takeText()));
        break;
      case FRAME.CLOSE:
        this.#onClose(frame);
        break;
      default:
        this.#calls.frame(frame);
    }
    this.#reading.step(size);
  }

  /** See {@link FrameSink.skipped}. */
  skipped(frame: FrameView, length: number, reason?: RpcError): void {
    if (this.#end !== undefined) return;
    if (this.#remote === undefined) checkFirst(frame.kind);
    this.#calls.skipped(frame, length, reason);
  }

  #onHello(text: string): void {
    const hello = this.#handshake.hello(text, this.#flow.memory);
    this.#remote = hello;
    this.#flow.open(this.#options.limits.connectionWindow, hello.limits.connection);
    const maxItem = this.maxMessage;
    this.#decoder.setMaxPayload(Math.max(MAX_REASON, maxCallPayload(maxItem, this.#options.limits.metadata)));
    this.outgoing.negotiated({ calls: hello.limits.calls, window: hello.limits.window, maxItem });
    this.incoming.negotiated({ maxItem });
    this.#calls.negotiated({ methods: hello.methods.length, maxMessage: maxItem });
    this.#handshake.complete(hello);
  }

  #onDrain(reason: string): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = new RpcError("UNAVAILABLE", `${this.#options.peerName} accepts no new calls: ${reason}`);
    this.#options.onDrain?.();
    this.outgoing.giveBack(this.#refusal);
  }

  #onClose(frame: FrameView): void {
    const message = `${this.#options.peerName} closed the connection: ${parseReason(frame.takeText())}`;
    this.#finish(new RpcError("UNAVAILABLE", message), frame.has(FLAG.REFUSED) ? "not-started" : "unknown");
  }

  readonly #read = (chunk: Buffer): void => {
    this.#decode(() => {
      const frames = this.#remote === undefined ? this.#handshake.read(chunk) : chunk;
      if (frames !== undefined && frames.length > 0) this.#decoder.push(frames);
    });
  };

  #decode(frames: () => void): void {
    if (this.#end !== undefined) return;
    try {
      this.#flow.received.nextChunk();
      frames();
      this.#closeIfDrained();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(error);
    }
  }

  /** The acceptor never closes a drained connection itself: it may still be called. */
  #closeIfDrained(): void {
    if (this.#refusal === undefined || this.#options.role === "acceptor") return;
    if (this.outgoing.size === 0 && this.incoming.size === 0) void this.close("the connection is drained");
  }

  #drained(): void {
    this.#writer.gate.drain();
    this.incoming.unsent.taken();
    this.#reading.unblock();
  }

  #fail(error: ProtocolError): void {
    if (this.#end !== undefined) return;
    this.#addJson(FRAME.CLOSE, { message: error.message });
    this.#finish(new RpcError("UNAVAILABLE", `${this.#options.peerName} broke the protocol: ${error.message}`));
  }

  #lost(cause?: Error): void {
    this.#finish(this.#handshake.explain(cause));
  }

  #addJson(kind: FrameKind, value: object, flags = 0): void {
    this.#writer.add({ kind, flags, id: 0, body: JSON.stringify(value) });
  }

  #finish(reason: RpcError, progress: CallProgress = "unknown"): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#refusal ??= reason;
    this.#writer.flush();
    this.#writer.discard();
    this.#decoder.close();
    this.#flow.close();
    this.#handshake.end(reason);
    this.#options.onEnd?.(reason);
    this.outgoing.lost(reason, progress);
    this.incoming.lost(reason);
    this.#writer.gate.drain();
    closeDuplex(this.#duplex, () => this.#resolveClosed(reason));
  }
}
