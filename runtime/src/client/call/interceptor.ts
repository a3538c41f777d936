import type { Method } from "../../contract/method.js";
import type { Items } from "./streams.js";
import type { CallOptions } from "./unary.js";

/** One call on its way to the connection. */
export interface ClientCallInfo {
  readonly method: Method;
  readonly request: unknown;
  /** What the caller streams, where the method takes a stream. */
  readonly items: Items<unknown> | undefined;
  readonly options: CallOptions;
}

/**
 * Wraps the calls of a client, of every kind. `next` runs the rest, and may be called again, as a retry does; it resolves
 * with what the method gives: the response, or for a method that answers with a stream, its `ResponseStream`. An
 * interceptor may change the call on its way out and the result on its way back, answer by itself, or throw an RpcError.
 * `interceptors[0]` is outermost.
 */
export type ClientInterceptor = (
  call: ClientCallInfo,
  next: (call: ClientCallInfo) => Promise<unknown>,
) => Promise<unknown>;

/** Runs `call` through `interceptors` to `send`. */
export function interceptOutbound(
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
