import { type ItemSource, isItemSource, iteratorOf } from "../../wire/iterator-of.js";
import type { ServerCallInfo } from "./interceptor.js";

/** The outcome of a call. */
export interface CallOutcome {
  /** The error of a call that failed. */
  readonly error?: unknown;
  /** Number of items that the handler streamed. */
  readonly items: number;
}

/**
 * Runs `next` and calls `ended` when the call is over: for a method that streams, when its last item was taken or the call
 * was cancelled. For interceptors that measure, log or clean up.
 */
export async function observeCall(
  call: ServerCallInfo,
  next: (call: ServerCallInfo) => Promise<unknown>,
  ended: (outcome: CallOutcome) => void,
): Promise<unknown> {
  let result: unknown;
  try {
    result = await next(call);
  } catch (error) {
    ended({ error, items: 0 });
    throw error;
  }
  if (call.method.responseItem !== undefined && isItemSource(result)) return observeItems(result, ended);
  ended({ items: 0 });
  return result;
}

/** Not an async generator: one that is returned before its first `next()` would never run its `finally`. */
function observeItems(items: ItemSource<unknown>, ended: (outcome: CallOutcome) => void): AsyncIterable<unknown> {
  let count = 0;
  let over = false;
  const end = (failure?: { readonly error: unknown }): void => {
    if (over) return;
    over = true;
    ended({ ...failure, items: count });
  };
  return {
    [Symbol.asyncIterator]() {
      const iterator = iteratorOf(items);
      return {
        next: async () => {
          try {
            const next = await iterator.next();
            if (next.done === true) end();
            else count++;
            return next;
          } catch (error) {
            end({ error });
            throw error;
          }
        },
        return: async () => {
          try {
            return (await iterator.return?.()) ?? { done: true, value: undefined };
          } finally {
            end();
          }
        },
      };
    },
  };
}
