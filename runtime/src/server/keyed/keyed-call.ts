import type { Codec, EncodedValue } from "../../codec/codec.js";
import { textOf } from "../../codec/encoded-json.js";
import type { RpcError } from "../../contract/rpc-error.js";
import { STATUSES, type StatusName } from "../../contract/status.js";
import type { Metadata } from "../../wire/metadata.js";
import type { ItemSink } from "../../wire/pump-items.js";
import type { CallPort, RequestItemChecks } from "../call/call-port.js";
import type { LedgerOutcome, NewEntry } from "../ledger/ledger.js";
import { type RequestStream, UploadItems } from "../upload/upload-items.js";
import type { DetachedCalls } from "./detached-calls.js";

/** The first call with its idempotency key. */
interface KeyedCallConfig {
  readonly call: CallPort;
  readonly entry: NewEntry;
  /** The calls of the server that have lost their connection. */
  readonly detached: DetachedCalls;
  /** Infinity for none. */
  readonly deadline: number;
  /** Returns the request stream, if there is one. */
  readonly items: () => RequestStream | undefined;
  /** Called when the handler is done. */
  readonly done: () => void;
}

/**
 * The first call with its idempotency key, whose handler runs: what the handler ends with goes to the ledger, then to the caller. It
 * goes on without its connection; a cancel or the deadline aborts it, and then the ledger still gets what the handler ends with.
 */
export class KeyedCall implements CallPort {
  readonly #call: CallPort;
  readonly #entry: NewEntry;
  readonly #config: KeyedCallConfig;
  #hasBegun = false;
  /** Whether the handler is done, or the call ended without it. */
  #isOver = false;
  #headers: string | undefined;
  /** The outcome is on its way to the ledger. */
  #recorded: Promise<void> | undefined;
  #remove: (() => void) | undefined;
  #abort: (reason: RpcError) => void = () => undefined;

  constructor(config: KeyedCallConfig) {
    this.#config = config;
    this.#call = config.call;
    this.#entry = config.entry;
  }

  /** The handler is about to be called: from now on the call may have an effect. */
  begin(): void {
    this.#hasBegun = true;
  }

  get number(): number {
    return this.#call.number;
  }

  get codec(): Codec {
    return this.#call.codec;
  }

  get timeout(): number {
    return this.#call.timeout;
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  get hasStream(): boolean {
    return this.#call.hasStream;
  }

  /** Not before the handler is done, also where its caller has an answer already: the ledger needs the outcome. */
  get answered(): boolean {
    return this.#isOver;
  }

  get sender(): ItemSink {
    return this.#call.sender;
  }

  accept(): void {
    this.#call.accept();
  }

  listen(listener: (reason: RpcError) => void): void {
    this.#abort = listener;
    this.#call.listen(listener, (reason) => this.#lost(reason, listener));
  }

  receive(checks: RequestItemChecks): RequestStream {
    return this.#call.receive(checks);
  }

  startAt(offset: number): number {
    return this.#call.startAt?.(offset) ?? 0;
  }

  /**
   * Another attempt sends the request stream from now on. Returns what is called when it ends: with the reason if its caller has cancelled the
   * call, and without one where the connection is lost.
   */
  attach(stream: RequestStream | undefined): (cancelled?: RpcError) => void {
    const own = this.#config.items();
    const isAttached = own instanceof UploadItems && stream instanceof UploadItems && own.attach(stream);
    return (cancelled) => {
      if (cancelled !== undefined) this.#abort(cancelled);
      else if (isAttached) own.pause(this.#config.detached.uploadGrace, stream);
    };
  }

  sendHeaders(metadata: string): void {
    this.#headers = metadata;
    this.#call.sendHeaders(metadata);
  }

  answer(status: StatusName, body: EncodedValue, trailers?: string, error?: RpcError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const code = error?.code ?? STATUSES[status];
    const outcome: LedgerOutcome = { status, code, headers: this.#headers, body: textOf(body), trailers };
    const send = (): void => this.#call.answer(status, body, trailers, error);
    if (!this.#hasBegun) this.#entry.release(outcome);
    const recorded = this.#hasBegun ? this.#entry.record(outcome) : undefined;
    if (recorded === undefined) send();
    else this.#recorded = recorded.then(send, send);
  }

  abort(status: StatusName, body: EncodedValue, trailers?: string, error?: RpcError): void {
    this.#call.abort(status, body, trailers, error);
  }

  stop(reason: RpcError): void {
    this.#call.stop(reason);
  }

  refuse(body: EncodedValue, error: RpcError): void {
    this.#call.refuse(body, error);
  }

  releaseSlot(): void {
    this.#call.releaseSlot();
  }

  release(): void {
    this.#remove?.();
    this.#config.done();
    if (this.#recorded === undefined) this.#call.release();
    else void this.#recorded.then(() => this.#call.release());
  }

  /**
   * The connection is lost. A request stream that its caller can send again waits for the next attempt. Of another one, what has arrived
   * can still be read; where the rest is missing, the stream fails.
   */
  #lost(reason: RpcError, abort: (reason: RpcError) => void): void {
    if (this.#isOver) return;
    const { items, detached, deadline } = this.#config;
    const stream = items();
    if (stream instanceof UploadItems) stream.pause(detached.uploadGrace);
    else {
      stream?.keep();
      stream?.end(reason);
    }
    this.#remove = detached.add(abort, { hasDeadline: Number.isFinite(deadline) });
  }
}
