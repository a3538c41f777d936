import type { Context } from "./context.js";

/** Answers a unary method. It returns the response, or throws: `ctx.fail(...)` for a status that it chooses. */
export type UnaryHandler<Request, Response, Errors = unknown, Callbacks = undefined> = (
  request: Request,
  ctx: Context<Errors, Callbacks>,
) => Response | Promise<Response>;

/** What a handler streams: an async generator, whose return value ends the call, or any other async iterable. */
export type ResponseItems<Item, Response> = AsyncIterable<Item, Response> | Promise<AsyncIterable<Item, Response>>;

/**
 * Answers with a stream. It is asked for the next item only when the caller takes it; when the call ends early, its
 * `finally` runs and `ctx.signal` aborts.
 */
export type ServerStreamingHandler<Request, Item, Response = unknown, Errors = unknown, Callbacks = undefined> = (
  request: Request,
  ctx: Context<Errors, Callbacks>,
) => ResponseItems<Item, Response>;

/** Takes a stream and answers with one value. The caller sends only as the items are taken. */
export type ClientStreamingHandler<Request, Item, Response, Errors = unknown, Callbacks = undefined> = (
  request: Request,
  items: AsyncIterable<Item, undefined>,
  ctx: Context<Errors, Callbacks>,
) => Response | Promise<Response>;

/** Takes a stream and answers with another, each at its own pace. */
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
