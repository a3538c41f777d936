import type { Method } from "../../contract/method.js";
import type { CallOptions } from "./call-options.js";
import type { RequestItems } from "./method-types.js";

/** An outgoing call, as interceptors see it. */
export interface ClientCallInfo {
  readonly method: Method;
  readonly request: unknown;
  /** The request stream, where the method takes one. */
  readonly items: RequestItems<unknown> | undefined;
  readonly options: CallOptions;
}

/**
 * Wraps the calls of a client, of every kind (middleware). `next` runs the remaining interceptors and sends the call; it may be
 * called again, as a retry does. It resolves with the response, or with the `ResponseStream` of a method that has one. An
 * interceptor may change the call and the result, return a result of its own, or throw an RpcError. `interceptors[0]` is
 * outermost.
 */
export type ClientInterceptor = (
  call: ClientCallInfo,
  next: (call: ClientCallInfo) => Promise<unknown>,
) => Promise<unknown>;

/** Passes `call` through `interceptors` to `send`. */
export function runInterceptors(
  interceptors: readonly ClientInterceptor[],
  call: ClientCallInfo,
  send: (call: ClientCallInfo) => unknown,
): Promise<unknown> {
  const run = async (index: number, current: ClientCallInfo): Promise<unknown> => {
    const interceptor = interceptors[index];
    return interceptor === undefined ? send(current) : interceptor(current, (next) => run(index + 1, next));
  };
  return run(0, call);
}
