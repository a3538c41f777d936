import { AsyncLocalStorage } from "node:async_hooks";
import type { Context } from "./context.js";

/** Undefined until {@link traceCalls}: before Node 24 each call would pay for it. */
let calls: AsyncLocalStorage<Context> | undefined;

/** From now on, {@link currentCall} finds the call of the code that runs. */
export function traceCalls(): void {
  calls ??= new AsyncLocalStorage();
}

/** The call whose handler, or interceptor, has started the code that runs. */
export function currentCall(): Context | undefined {
  return calls?.getStore();
}

/** Runs `work` as part of a call. */
export function runInCall<Result>(ctx: Context, work: () => Result): Result {
  return calls === undefined ? work() : calls.run(ctx, work);
}
