import { AsyncResource } from "node:async_hooks";
import type { Method } from "../../contract/method.js";
import { type ItemSource, ignoreErrors, isItemSource, iteratorOf } from "../../wire/iterator-of.js";
import type { CallPort } from "./call-port.js";
import type { Context } from "./context.js";
import type { Route } from "./route.js";

/** A call before its handler runs: authorized, decoded and validated. */
export interface ServerCallInfo {
  readonly method: Method;
  readonly request: unknown;
  /** The request stream, if the method has one. */
  readonly items: AsyncIterable<unknown, undefined> | undefined;
  readonly ctx: Context;
}

/**
 * Wraps the calls of a server, of every kind (middleware). `next` runs the inner interceptors and the handler; it resolves
 * with the result of the handler: the response, or for a method that streams, the async iterable of its items, whose return
 * value is the response. An interceptor may change the call or the result, answer by itself, or throw an RpcError.
 * `interceptors[0]` is outermost. An AsyncLocalStorage that `next` runs in is also active in the handler's generator: at each
 * item, and in its `finally`.
 */
export type ServerInterceptor = (
  call: ServerCallInfo,
  next: (call: ServerCallInfo) => Promise<unknown>,
) => Promise<unknown>;

/** Runs `call` through `interceptors`, and then `handler`. */
export function interceptCall(
  interceptors: readonly ServerInterceptor[],
  call: ServerCallInfo,
  handler: Route["handler"],
  port: Pick<CallPort, "begin">,
): Promise<unknown> {
  const run = async (index: number, current: ServerCallInfo): Promise<unknown> => {
    const interceptor = interceptors[index];
    const result =
      interceptor === undefined
        ? ignoreErrors(callHandler(handler, current, port))
        : interceptor(current, (next) => run(index + 1, next));
    // The outermost interceptor runs in the same context as the code that sends the stream.
    return index === 0 || call.method.responseItem === undefined ? result : bindItems(result);
  };
  return run(0, call);
}

function callHandler(
  handler: Route["handler"],
  { request, items, ctx }: ServerCallInfo,
  port: Pick<CallPort, "begin">,
): unknown {
  port.begin?.();
  return items === undefined ? handler(request, ctx) : (handler as StreamingHandler)(request, items, ctx);
}

type StreamingHandler = (...args: unknown[]) => unknown;

type ItemIterator = AsyncIterator<unknown> | Iterator<unknown>;

const bound = new WeakSet<object>();

/**
 * Binds the stream in `value`, which may be a promise, to the current asynchronous context: a generator runs in the context of
 * the code that calls its `next`, which would be the transport's. Streams that are bound keep their context; values that are
 * not streams are returned as they are.
 */
async function bindItems(value: unknown): Promise<unknown> {
  const context = new AsyncResource("SSHRPC_ITEMS");
  const source = await value;
  // Iterating an array runs no application code.
  if (!isItemSource(source) || Array.isArray(source) || bound.has(source)) return source;
  const iterate = (): ItemIterator => bindIterator(context.runInAsyncScope(iteratorOf, undefined, source), context);
  const items = { [isSync(source) ? Symbol.iterator : Symbol.asyncIterator]: iterate };
  bound.add(items);
  return items;
}

function bindIterator(iterator: ItemIterator, context: AsyncResource): ItemIterator {
  return {
    next: () => context.runInAsyncScope(iterator.next as () => unknown, iterator),
    ...(iterator.return !== undefined && {
      return: (value: unknown) => context.runInAsyncScope(iterator.return as () => unknown, iterator, value),
    }),
  } as ItemIterator;
}

function isSync(source: ItemSource<unknown>): boolean {
  return !(Symbol.asyncIterator in source) && !("getReader" in source);
}
