import { AsyncLocalStorage } from "node:async_hooks";
import type { Context } from "./context.js";

/** Undefined until {@link traceCalls}: before Node 24 each call would pay for it. */
export let tracedCalls: AsyncLocalStorage<Context> | undefined;

/** From now on, {@link currentCall} finds the call of the code that runs. */
export function traceCalls(): void {
  tracedCalls ??= new AsyncLocalStorage();
}

/** The call whose handler, or interceptor, has started the code that runs. */
export function currentCall(): Context | undefined {
  return tracedCalls?.getStore();
}

/** Runs `work` as part of a call. */
export function runInCall<Result>(ctx: Context, work: () => Result): Result {
  return tracedCalls === undefined ? work() : tracedCalls.run(ctx, work);
}
