import type { ServerCall } from "./interceptor.js";

/** How a call went: what an interceptor is told when it is over. */
export interface CallOutcome {
  /** What it failed with; absent where it did not. */
  readonly error?: unknown;
  /** How many items the handler streamed. */
  readonly items: number;
}

/**
 * Runs `next` and tells `ended` when the call is over, which for a method that streams is when its last item is taken, or
 * its caller has left. For interceptors that measure, log or clean up.
 */
export async function observeCall(
  call: ServerCall,
  next: (call: ServerCall) => Promise<unknown>,
  ended: (outcome: CallOutcome) => void,
): Promise<unknown> {
  let result: unknown;
  try {
    result = await next(call);
  } catch (error) {
    ended({ error, items: 0 });
    throw error;
  }
  if (call.method.responseItem !== undefined) return observeItems(result as AsyncIterable<unknown>, ended);
  ended({ items: 0 });
  return result;
}

async function* observeItems(
  items: AsyncIterable<unknown>,
  ended: (outcome: CallOutcome) => void,
): AsyncGenerator<unknown, unknown> {
  let count = 0;
  let failure: { readonly error: unknown } | undefined;
  const iterator = items[Symbol.asyncIterator]();
  let left = true;
  try {
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) {
        left = false;
        return next.value;
      }
      count++;
      yield next.value;
    }
  } catch (error) {
    left = false;
    failure = { error };
    throw error;
  } finally {
    if (left) await iterator.return?.();
    ended({ ...failure, items: count });
  }
}
