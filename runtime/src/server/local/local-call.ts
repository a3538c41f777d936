import type { ConnectionAccount } from "../../base/accounts/connection-account.js";
import { onAbort } from "../../base/async/with-signal.js";
import { nextCall } from "../../base/observer/combine-observers.js";
import type { Peer } from "../../base/peer.js";
import type { Codec, EncodedValue } from "../../codec/codec.js";
import { EncodedJson, textOf } from "../../codec/encoded-json.js";
import { decodeError, encodeErrorBody } from "../../codec/error-body.js";
import { jsonCodec } from "../../codec/json.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { STATUSES, type StatusName } from "../../contract/status.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import { type Metadata, NO_METADATA, parseMetadata } from "../../wire/metadata.js";
import type { ItemSink } from "../../wire/pump-items.js";
import type { CallPort, RequestItemChecks } from "../call/call-port.js";
import type { LocalCallOptions, LocalCallResult } from "./local-call-options.js";
import { LocalRequestItems } from "./local-request-items.js";
import { type LocalItem, LocalResponse } from "./local-response.js";

/** The callbacks of a call in this process to its server. */
export interface LocalCallHost {
  /** The call has its final status. */
  readonly ended: (call: LocalCall, status: StatusName, bytesOut: number, error: RpcError | undefined) => void;
  /** The handler is done. */
  readonly release: (call: LocalCall) => void;
  /** The handler is stuck. */
  readonly releaseSlot: (call: LocalCall) => void;
}

interface LocalCallConfig {
  /** The id of the method, or the caller's reference if there is no such method. */
  readonly name: string;
  readonly method: Method | undefined;
  readonly host: LocalCallHost;
  readonly options: LocalCallOptions;
  readonly metadata: Metadata;
  readonly maxMessage: number;
  /** Bytes of the request. */
  readonly size: number;
  /** Bytes of memory that it holds; 0 for a refused one, which holds nothing. */
  readonly weight: number;
  /** Of the caller. */
  readonly account: ConnectionAccount;
}

/** A call of this process, on the same {@link Dispatch} as those of the wire, without frames. */
export class LocalCall implements CallPort, LocalCallResult {
  /** JSON, so that adapters can print the text of a response. */
  readonly codec: Codec = jsonCodec;
  readonly name: string;
  readonly method: Method | undefined;
  readonly metadata: Metadata;
  readonly timeout: number;
  readonly response: Promise<EncodedJson | undefined>;
  readonly peer: Peer;
  readonly #host: LocalCallHost;
  #number: number | undefined;
  readonly #options: LocalCallOptions;
  readonly #size: number;
  readonly weight: number;
  readonly #start = performance.now();
  readonly #responseItems: LocalResponse;
  readonly #requestItems: LocalRequestItems | undefined;
  #resolve: (response: EncodedJson | undefined) => void = () => undefined;
  #reject: (error: RpcError) => void = () => undefined;
  #hasSlot = true;
  #headers: string | undefined;
  #trailers: string | undefined;
  #answered = false;
  /** Whether it has passed the checks, and goes to its handler. */
  accepted = false;
  #reason: RpcError | undefined;
  #removeAbort: (() => void) | undefined;
  #onCancel: ((reason: RpcError) => void) | undefined;
  #onLost: ((reason: RpcError) => void) | undefined;

  constructor({ name, method, host, options, metadata, maxMessage, size, weight, account }: LocalCallConfig) {
    const { peer, signal, timeout = 0, items } = options;
    this.name = name;
    this.method = method;
    this.peer = peer;
    this.metadata = metadata;
    this.timeout = Math.ceil(timeout);
    this.#host = host;
    this.#options = options;
    this.#size = size;
    this.weight = weight;
    this.#responseItems = new LocalResponse(maxMessage, this.#abort);
    this.#requestItems = items && new LocalRequestItems(items, maxMessage, account);
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A consumer that only iterates sees the error there.
    this.response.catch(() => undefined);
    if (signal !== undefined) this.#removeAbort = onAbort(signal, this.#abort);
  }

  get items(): AsyncIterableIterator<LocalItem, undefined> {
    return this.#responseItems;
  }

  get position(): string | undefined {
    return this.#responseItems.position;
  }

  get headers(): Metadata {
    return decodeMetadata(this.#headers);
  }

  get trailers(): Metadata {
    return decodeMetadata(this.#trailers);
  }

  accept(): void {
    this.accepted = true;
  }

  /** The number of the call in this process, given out when an observer asks for it. */
  get number(): number {
    this.#number ??= nextCall();
    return this.#number;
  }

  /** Milliseconds since the call began. */
  get milliseconds(): number {
    return performance.now() - this.#start;
  }

  /** Bytes of the request and of its items. */
  get bytesIn(): number {
    return this.#size + (this.#requestItems?.received ?? 0);
  }

  /** Number of items of the request stream. */
  get itemsIn(): number {
    return this.#requestItems?.items ?? 0;
  }

  /** Number of items of the response stream. */
  get itemsOut(): number {
    return this.#responseItems.items;
  }

  cancel(reason: RpcError = this.#cancelled()): void {
    if (this.#answered) return;
    this.#reason ??= reason;
    this.#onCancel?.(reason);
  }

  /** Whether it occupies a slot: a stuck one does not. */
  get hasSlot(): boolean {
    return this.#hasSlot;
  }

  get hasStream(): boolean {
    return this.#requestItems !== undefined;
  }

  get answered(): boolean {
    return this.#answered;
  }

  get sender(): ItemSink {
    return this.#responseItems;
  }

  listen(cancelled: (reason: RpcError) => void, lost?: (reason: RpcError) => void): void {
    this.#onCancel = cancelled;
    this.#onLost = lost;
    if (this.#reason !== undefined) cancelled(this.#reason);
  }

  receive(checks: RequestItemChecks): ItemReceiver<unknown> {
    if (this.#requestItems === undefined) throw new Error("the call has no request stream");
    return this.#requestItems.start(checks);
  }

  sendHeaders(metadata: string): void {
    if (!this.#answered) this.#headers = metadata;
  }

  /** As {@link answer}, with an error. */
  fail(error: RpcError): void {
    this.answer(error.status, encodeErrorBody(error), undefined, error);
  }

  answer(status: StatusName, encoded: EncodedValue, trailers?: string, failure?: RpcError): void {
    if (this.#answered) return;
    this.#answered = true;
    const body = textOf(encoded);
    this.#trailers = trailers;
    this.#removeAbort?.();
    this.#host.ended(this, status, this.#responseItems.sent + Buffer.byteLength(body), failure);
    if (status === "OK") {
      this.#responseItems.end();
      this.#resolve(body === "" ? undefined : new EncodedJson(body));
    } else {
      const error = decodeError(STATUSES[status], parse(body), this.method?.id);
      this.#responseItems.end(error);
      this.#reject(error);
    }
  }

  abort(status: StatusName, body: EncodedValue, trailers?: string, error?: RpcError): void {
    this.answer(status, body, trailers, error);
  }

  stop(reason: RpcError): void {
    this.#responseItems.close(reason);
    this.#requestItems?.stop();
  }

  /** As {@link answer}: the error reaches its caller in the same way. */
  refuse(body: EncodedValue, error: RpcError): void {
    this.answer(error.status, body, undefined, error);
  }

  releaseSlot(): void {
    this.#hasSlot = false;
    this.#host.releaseSlot(this);
  }

  release(): void {
    this.#requestItems?.stop();
    this.#host.release(this);
  }

  #cancelled(): RpcError {
    return new RpcError("CANCELLED", "the caller cancelled the call", { cause: this.#options.signal?.reason });
  }

  readonly #abort = (): void => {
    if (this.#options.lost?.aborted && this.#onLost !== undefined && !this.#answered) this.#onLost(this.#cancelled());
    else this.cancel();
  };
}

function decodeMetadata(text: string | undefined): Metadata {
  return text === undefined ? NO_METADATA : parseMetadata(text);
}

/** The body of an error is optional: the status alone is enough. */
function parse(body: string): unknown {
  try {
    return new EncodedJson(body).value;
  } catch {
    return undefined;
  }
}
