import type { Result } from "../../contract/result.js";
import type { CallOptions } from "./call-options.js";

/** Accepted sources of a request stream: an array, a generator, a Node stream, a web stream. */
export type Items<Item> = AsyncIterable<Item> | Iterable<Item>;

/**
 * A request stream that can be read from an offset, so that it goes on after a lost connection, where the call has an idempotency key: a `Blob`
 * or `File` for `Bytes`, `fromFile(path)`, or a function of the offset, which counts bytes of `Bytes` and items of other streams.
 */
export type ResumableItems<Item> = Blob | ((offset: number) => Items<Item>);

/** Accepted sources of the request stream of a call. */
export type RequestItems<Item> = Items<Item> | ResumableItems<Item>;

/**
 * The response stream of a call: its items in order, as they arrive. Flow control stops the handler while the consumer takes
 * no items. Leaving the iteration early (`break`, `return`, an exception) cancels the call. Iterating throws the RpcError of
 * a failed call, after the items that arrived before. A stream can be iterated once.
 */
export interface ResponseStream<Item, Response = void> extends AsyncIterable<Item, undefined>, AsyncDisposable {
  /**
   * The value that ends the stream, where the schema declares one. Rejects with an RpcError where the call fails. It arrives
   * after the last item: consume the items, or cancel, because flow control stops the handler while items are not taken.
   */
  readonly response: Promise<Response>;
  /**
   * The position of the item that was taken last, if its handler has marked it: stored, and given as `CallOptions.resumeAfter`, it continues the stream in
   * another program. Before the first item, the position that the stream begins behind.
   */
  readonly position: string | undefined;
  /** Cancels the call: the iteration throws CANCELLED. */
  cancel(): void;
}

/** A response stream whose iteration ends without throwing; `result` holds the outcome of the call. */
export interface SafeResponseStream<Item, Response, Failure> extends AsyncIterable<Item, undefined>, AsyncDisposable {
  /** Resolves when the call has ended, after the last item: the items must be consumed first. */
  readonly result: Promise<Result<Response, Failure>>;
  /** As that of {@link ResponseStream}. */
  readonly position: string | undefined;
  cancel(): void;
}

/** A unary method of a generated client. */
export interface UnaryMethod<Request, Response, Failure> {
  /** Resolves with the response; rejects with an RpcError. */
  (request: Request, options?: CallOptions): Promise<Response>;
  /** The same call, never rejecting: the result holds the response, or the error with its declared type. */
  safe(request: Request, options?: CallOptions): Promise<Result<Response, Failure>>;
}

/** A unary method whose request has no required field, so that the request may be omitted. */
export interface UnaryMethodOptional<Request, Response, Failure> {
  /** Resolves with the response; rejects with an RpcError. */
  (request?: Request, options?: CallOptions): Promise<Response>;
  /** The same call, never rejecting: the result holds the response, or the error with its declared type. */
  safe(request?: Request, options?: CallOptions): Promise<Result<Response, Failure>>;
}

/**
 * A method whose calls have the type `Call`, a function type with a comment of its own: editors show that comment while arguments are
 * typed, and find one definition of the method.
 */
export type DocumentedMethod<Call, Method extends { readonly safe: unknown }> = Call & Pick<Method, "safe">;

/** A server-streaming method: one request, a stream of items in response. */
export interface ServerStreamingMethod<Request, Item, Response, Failure> {
  (request: Request, options?: CallOptions): ResponseStream<Item, Response>;
  safe(request: Request, options?: CallOptions): SafeResponseStream<Item, Response, Failure>;
}

/** A server-streaming method whose request has no required field, so that the request may be omitted. */
export interface ServerStreamingMethodOptional<Request, Item, Response, Failure> {
  (request?: Request, options?: CallOptions): ResponseStream<Item, Response>;
  safe(request?: Request, options?: CallOptions): SafeResponseStream<Item, Response, Failure>;
}

/** A client-streaming method: a stream of items in the request, one response. */
export interface ClientStreamingMethod<Request, Item, Response, Failure> {
  /** Resolves with the response; rejects with an RpcError. Flow control takes the items as fast as the handler does. */
  (request: Request, items: RequestItems<Item>, options?: CallOptions): Promise<Response>;
  /** The same call, never rejecting. */
  safe(
    request: Request,
    items: Items<Item> | ResumableItems<Item>,
    options?: CallOptions,
  ): Promise<Result<Response, Failure>>;
}

/** A bidirectional method: two independent streams of items. */
export interface BidirectionalMethod<RequestBody, RequestItem, Item, Response, Failure> {
  (request: RequestBody, items: RequestItems<RequestItem>, options?: CallOptions): ResponseStream<Item, Response>;
  safe(
    request: RequestBody,
    items: RequestItems<RequestItem>,
    options?: CallOptions,
  ): SafeResponseStream<Item, Response, Failure>;
}
