import type { Codec, EncodedValue } from "../../codec/codec.js";
import { textOf } from "../../codec/encoded-json.js";
import { IDEMPOTENCY_PENDING } from "../../contract/idempotency.js";
import type { RpcError } from "../../contract/rpc-error.js";
import { STATUSES, type StatusName } from "../../contract/status.js";
import { type Metadata, withPairs } from "../../wire/metadata.js";
import type { ItemSink } from "../../wire/pump-items.js";
import type { OnceDispatch } from "../call/call-context.js";
import type { CallPort, RequestItemChecks } from "../call/call-port.js";
import type { LedgerOutcome, NewEntry } from "../ledger/ledger.js";
import { type RequestStream, UploadItems } from "../upload/upload-items.js";
import type { DetachedCalls } from "./detached-calls.js";

/** What a call with a key does in its server. */
interface KeyedCallConfig {
  /** The calls of the server that have lost their connection. */
  readonly detached: DetachedCalls;
  /** Whether the ledger outlives the server. */
  readonly isLasting: boolean;
  /** Called when the handler is done; absent where nothing else knows the call. */
  readonly done?: (() => void) | undefined;
}

/** Why a call is aborted whose handler was to go on: its caller, its deadline, or its server. */
const ABORTS: ReadonlySet<string> = new Set<StatusName>(["CANCELLED", "DEADLINE_EXCEEDED", "UNAVAILABLE"]);

/**
 * The first call with its idempotency key, whose handler runs: what the handler ends with goes to the ledger, then to the caller. It
 * goes on without its connection; a cancel or the deadline aborts it: the ledger still gets what a handler ends with that
 * goes on, and otherwise that the call was interrupted.
 */
export class KeyedCall implements CallPort {
  readonly #call: CallPort;
  readonly #entry: NewEntry;
  readonly #dispatch: OnceDispatch;
  readonly #config: KeyedCallConfig;
  #hasBegun = false;
  /** Whether the handler is done, or the call ended without it. */
  #isOver = false;
  #headers: string | undefined;
  /** The outcome is on its way to the ledger. */
  #recorded: Promise<void> | undefined;
  #remove: (() => void) | undefined;
  #abort: (reason: RpcError) => void = () => undefined;
  /** Whether the server has stopped it. */
  #isStopped = false;

  constructor(dispatch: OnceDispatch, entry: NewEntry, config: KeyedCallConfig) {
    this.#call = dispatch.call;
    this.#entry = entry;
    this.#dispatch = dispatch;
    this.#config = config;
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
    this.#abort = (reason) => {
      // A caller cancels, a deadline passes: only the server itself is unavailable.
      if (reason.status === "UNAVAILABLE") this.#isStopped = true;
      listener(reason);
    };
    this.#call.listen(this.#abort, (reason) => this.#lost(reason, listener));
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
    const own = this.#dispatch.receive();
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
    const isInterrupted = error !== undefined && this.#isInterruptedBy(error);
    if (!this.#hasBegun) this.#entry.release();
    const recorded = this.#hasBegun ? this.#entry.record(isInterrupted ? "interrupted" : outcome) : undefined;
    if (recorded === undefined) send();
    else this.#recorded = recorded.then(send, send);
  }

  abort(status: StatusName, body: EncodedValue, trailers?: string, error?: RpcError): void {
    this.#call.abort(
      status,
      body,
      this.#isStopped && this.#config.isLasting ? pendingTrailer(trailers) : trailers,
      error,
    );
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
    this.#config.done?.();
    if (this.#recorded === undefined) this.#call.release();
    else void this.#recorded.then(() => this.#call.release());
  }

  /** Whether the handler ends because it was aborted, or the rest of its request stream was missing: its effect may have been done. */
  #isInterruptedBy({ status }: RpcError): boolean {
    const reason = this.#dispatch.context.abortReason?.status ?? "OK";
    // What waits with the signal may fail with an error of its own.
    return (ABORTS.has(reason) || this.#isCut) && (ABORTS.has(status) || status === "INTERNAL");
  }

  /** Whether its request stream has failed for want of its caller. */
  get #isCut(): boolean {
    const stream = this.#dispatch.receive();
    return stream instanceof UploadItems && stream.isAbandoned;
  }

  /**
   * The connection is lost. A request stream that its caller can send again waits for the next attempt. A call whose request stream is
   * incomplete otherwise is aborted: it cannot do what its caller wants.
   */
  #lost(reason: RpcError, abort: (reason: RpcError) => void): void {
    if (this.#isOver) return;
    const stream = this.#dispatch.receive();
    const { detached } = this.#config;
    if (stream instanceof UploadItems) stream.pause(detached.uploadGrace);
    else if (stream?.ended === false) {
      abort(reason);
      return;
    } else stream?.keep();
    this.#remove = detached.add(this.#abort, { hasDeadline: Number.isFinite(this.#dispatch.context.deadline) });
  }
}

/** The trailers of a call that is answered before its outcome is known. */
export function pendingTrailer(trailers?: string): string {
  return withPairs(trailers, [[IDEMPOTENCY_PENDING, "1"]], Number.POSITIVE_INFINITY);
}
