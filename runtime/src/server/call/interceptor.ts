import type { Method } from "../../contract/method.js";
import { bindItems } from "../../wire/bind-items.js";
import type { Context } from "./context.js";

/** One call on its way to its handler: authorized, decoded and valid. */
export interface ServerCallInfo {
  readonly method: Method;
  readonly request: unknown;
  /** The request stream, where the method has one. */
  readonly items: AsyncIterable<unknown, undefined> | undefined;
  readonly ctx: Context;
}

/**
 * Wraps the calls of a server, of every kind. `next` runs the rest: the interceptors further in, and the handler; what it
 * resolves with is what the handler gave: the response, or for a method that streams, the async iterable of its items,
 * whose return value is the response. An interceptor may change the call on its way in, and the result on its way out,
 * answer by itself, or throw an RpcError. `interceptors[0]` is outermost. An AsyncLocalStorage that it runs `next` in
 * holds for the handler's generator, too: at each item, and in its `finally`.
 */
export type ServerInterceptor = (
  call: ServerCallInfo,
  next: (call: ServerCallInfo) => Promise<unknown>,
) => Promise<unknown>;

/** Runs `call` through `interceptors` to `handle`. */
export function interceptCall(
  interceptors: readonly ServerInterceptor[],
  call: ServerCallInfo,
  handle: (call: ServerCallInfo) => unknown,
): Promise<unknown> {
  const run = async (index: number, current: ServerCallInfo): Promise<unknown> => {
    const interceptor = interceptors[index];
    const result = interceptor === undefined ? handle(current) : interceptor(current, (next) => run(index + 1, next));
    // The outermost runs in the context that its stream is sent in.
    return index === 0 || call.method.responseItem === undefined ? result : bindItems(result);
  };
  return run(0, call);
}
