import type { Result } from "../../contract/result.js";
import type { CallOptions } from "./unary.js";

/** What a request stream may be given as: an array, a generator, a Node stream, a web stream. */
export type Items<Item> = AsyncIterable<Item> | Iterable<Item>;

/**
 * The items of a call, in order, as they arrive. A consumer that stops taking them stops the handler that sends them;
 * one that leaves (`break`, `return`, an exception) cancels the call. Iterating throws the RpcError of a call that fails,
 * after the items that came before. It can be iterated once.
 */
export interface ResponseStream<Item, Response = void> extends AsyncIterable<Item, undefined>, AsyncDisposable {
  /**
   * The value that ends the stream, where the schema declares one. Rejects with an RpcError where the call fails. It comes
   * after the last item, so whoever waits for it takes the items, or cancels: items that nobody takes stop the handler.
   */
  readonly response: Promise<Response>;
  /** Cancels the call: the iteration throws CANCELLED. */
  cancel(): void;
}

/** A stream whose iteration ends without throwing: how the call went is in `result`. */
export interface SafeResponseStream<Item, Response, Failure> extends AsyncIterable<Item, undefined>, AsyncDisposable {
  /** Resolves when the call has ended: after the last item, so somebody has to take them. */
  readonly result: Promise<Result<Response, Failure>>;
  cancel(): void;
}

/** A method that answers one request with a stream. */
export interface ServerStreamingMethod<Request, Item, Response, Failure> {
  (request: Request, options?: CallOptions): ResponseStream<Item, Response>;
  safe(request: Request, options?: CallOptions): SafeResponseStream<Item, Response, Failure>;
}

/** A method that answers with a stream, and whose request has no required field: it may be left out. */
export interface ServerStreamingMethodOptional<Request, Item, Response, Failure> {
  (request?: Request, options?: CallOptions): ResponseStream<Item, Response>;
  safe(request?: Request, options?: CallOptions): SafeResponseStream<Item, Response, Failure>;
}

/** A method that takes a stream and answers with one value. */
export interface ClientStreamingMethod<Request, Item, Response, Failure> {
  /** Resolves with the response; rejects with an RpcError. The items are taken as fast as the handler takes them. */
  (request: Request, items: Items<Item>, options?: CallOptions): Promise<Response>;
  /** The same call, never rejecting. */
  safe(request: Request, items: Items<Item>, options?: CallOptions): Promise<Result<Response, Failure>>;
}

/** A method that takes a stream and answers with another, each at its own pace. */
export interface BidirectionalMethod<RequestBody, RequestItem, Item, Response, Failure> {
  (request: RequestBody, items: Items<RequestItem>, options?: CallOptions): ResponseStream<Item, Response>;
  safe(
    request: RequestBody,
    items: Items<RequestItem>,
    options?: CallOptions,
  ): SafeResponseStream<Item, Response, Failure>;
}
