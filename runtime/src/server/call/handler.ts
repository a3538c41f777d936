import type { Tracked } from "../../contract/tracked.js";
import type { Context } from "./context.js";

/** Handles a unary method. It returns the response, or throws: `ctx.fail(...)` sends a status. */
export type UnaryHandler<Request, Response, Errors = unknown, Callbacks = undefined> = (
  request: Request,
  ctx: Context<Errors, Callbacks>,
) => Response | Promise<Response>;

/**
 * The stream of a handler: an async generator, whose return value is the response, or any other async iterable. Items may be marked with
 * their positions by `tracked`, so that callers resume the stream after a lost connection.
 */
export type ResponseItems<Item, Response> =
  | AsyncIterable<Item | Tracked<Item>, Response>
  | Promise<AsyncIterable<Item | Tracked<Item>, Response>>;

/**
 * Handles a method that returns a stream. The next item is requested only when the caller can take it; when the call ends
 * early, `ctx.signal` aborts and the `finally` of the generator runs.
 */
export type ServerStreamingHandler<Request, Item, Response = unknown, Errors = unknown, Callbacks = undefined> = (
  request: Request,
  ctx: Context<Errors, Callbacks>,
) => ResponseItems<Item, Response>;

/** Handles a method that takes a stream and returns one value. The caller sends only as fast as the items are taken. */
export type ClientStreamingHandler<Request, Item, Response, Errors = unknown, Callbacks = undefined> = (
  request: Request,
  items: AsyncIterable<Item, undefined>,
  ctx: Context<Errors, Callbacks>,
) => Response | Promise<Response>;

/** Handles a method that takes a stream and returns another, each with its own flow control. */
export type BidirectionalHandler<
  Request,
  RequestItem,
  Item,
  Response = unknown,
  Errors = unknown,
  Callbacks = undefined,
> = (
  request: Request,
  items: AsyncIterable<RequestItem, undefined>,
  ctx: Context<Errors, Callbacks>,
) => ResponseItems<Item, Response>;
