import { onAbort } from "../../base/async/with-signal.js";
import { nextCall } from "../../base/observer/combine-observers.js";
import type { Peer } from "../../base/peer.js";
import type { Codec, EncodedValue } from "../../codec/codec.js";
import { EncodedJson } from "../../codec/encoded-json.js";
import { decodeError, encodeErrorBody } from "../../codec/error-body.js";
import { jsonCodec } from "../../codec/json.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { STATUSES, type StatusName } from "../../contract/status.js";
import type { ItemKind } from "../../wire/hello.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import type { ItemSource } from "../../wire/iterator-of.js";
import { type Metadata, NO_METADATA, parseMetadata } from "../../wire/metadata.js";
import type { ItemSink } from "../../wire/pump-items.js";
import type { CallPort, RequestItemChecks } from "../call/call-port.js";
import { type LocalItem, LocalRequestItems, LocalResponse } from "./local-items.js";

/** Options of a call in this process. */
export interface LocalCallOptions {
  /** The caller: its scopes apply, and its calls share one limit. */
  readonly peer: Peer;
  /** Headers of the call. Default: none. */
  readonly metadata?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Cancels the call when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Timeout in ms. Default: the timeout of the method; else, for a unary call, that of the server. */
  readonly timeout?: number | undefined;
  /** The request stream, for a method that takes one: values or {@link EncodedJson}; `Uint8Array` for `Bytes`. */
  readonly items?: ItemSource<unknown> | undefined;
  /** The kind of items that the caller expects, if it has no contract: a method of the other kind is refused. */
  readonly expects?: ItemKind | undefined;
}

/** A call that was made with `ApiServer.call`. */
export interface LocalCallResult {
  /** The method that was called; undefined if the reference names none. */
  readonly method: Method | undefined;
  /**
   * The items of the response stream. The handler is asked for the next one when the consumer asks; leaving the iteration
   * cancels the call. It throws the RpcError of a call that fails.
   */
  readonly items: AsyncIterableIterator<LocalItem, undefined>;
  /**
   * Resolves with the response; with undefined if a stream ends without one. Rejects with the RpcError of a call that
   * fails. A consumer takes the items first: a stream waits for its consumer.
   */
  readonly response: Promise<EncodedJson | undefined>;
  /** The headers of the handler; complete with the first item or the response. */
  readonly headers: Metadata;
  /** The trailers of the handler; complete with the response. */
  readonly trailers: Metadata;
  /** Cancels the call: it ends with CANCELLED. */
  cancel(): void;
}

/** The callbacks of a call in this process to its server. */
export interface LocalCallHost {
  /** The call has its final status. */
  readonly ended: (call: LocalCall, status: StatusName, bytesOut: number, error: RpcError | undefined) => void;
  /** The handler is done. */
  readonly release: (call: LocalCall) => void;
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
  readonly #signal: AbortSignal | undefined;
  readonly #size: number;
  readonly #start = performance.now();
  readonly #responseItems: LocalResponse;
  readonly #requestItems: LocalRequestItems | undefined;
  #resolve: (response: EncodedJson | undefined) => void = () => undefined;
  #reject: (error: RpcError) => void = () => undefined;
  #headers: string | undefined;
  #trailers: string | undefined;
  #answered = false;
  /** Whether it has passed the checks, and goes to its handler. */
  accepted = false;
  #reason: RpcError | undefined;
  #removeAbort: (() => void) | undefined;
  #onCancel: ((reason: RpcError) => void) | undefined;

  constructor({ name, method, host, options, metadata, maxMessage, size }: LocalCallConfig) {
    const { peer, signal, timeout = 0, items } = options;
    this.name = name;
    this.method = method;
    this.peer = peer;
    this.metadata = metadata;
    this.timeout = Math.ceil(timeout);
    this.#host = host;
    this.#signal = signal;
    this.#size = size;
    this.#responseItems = new LocalResponse(maxMessage, this.#abort);
    this.#requestItems = items && new LocalRequestItems(items, maxMessage);
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

  get hasStream(): boolean {
    return this.#requestItems !== undefined;
  }

  get answered(): boolean {
    return this.#answered;
  }

  get sender(): ItemSink {
    return this.#responseItems;
  }

  listen(listener: (reason: RpcError) => void): void {
    this.#onCancel = listener;
    if (this.#reason !== undefined) listener(this.#reason);
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

  stop(reason: RpcError): void {
    this.#responseItems.close(reason);
    this.#requestItems?.stop();
  }

  release(): void {
    this.#requestItems?.stop();
    this.#host.release(this);
  }

  #cancelled(): RpcError {
    return new RpcError("CANCELLED", "the caller cancelled the call", { cause: this.#signal?.reason });
  }

  readonly #abort = (): void => this.cancel();
}

function textOf(encoded: EncodedValue): string {
  return typeof encoded === "string" ? encoded : Buffer.from(encoded).toString();
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
