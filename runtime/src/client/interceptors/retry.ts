import { setTimeout as sleep } from "node:timers/promises";
import { RpcError } from "../../contract/rpc-error.js";
import type { ErrorStatus } from "../../contract/status.js";
import type { ClientInterceptor } from "../call/interceptor.js";
import { Backoff, type BackoffOptions } from "../connection/backoff.js";

/** What {@link retry} does. */
export interface RetryOptions extends BackoffOptions {
  /** Statuses after which the call is made again. Default: `RESOURCE_EXHAUSTED`. */
  readonly statuses?: readonly ErrorStatus[];
  /** How often a call is made at most. Default: 3. */
  readonly attempts?: number;
}

/**
 * Makes a unary call again that failed with one of some statuses, where its method is idempotent. Each attempt has the
 * call's timeout. Calls that lost their connection need no interceptor: the client itself sends those again.
 * @throws Error that names an option and its value where it makes no sense
 */
export function retry(options: RetryOptions = {}): ClientInterceptor {
  const { statuses = ["RESOURCE_EXHAUSTED"], attempts = 3, ...delays } = options;
  const backoff = new Backoff(delays, "retry");
  if (!Number.isSafeInteger(attempts) || attempts < 1) {
    throw new Error(`retry.attempts is ${attempts}; it must be a whole number from 1`);
  }
  return async (call, next) => {
    const { kind, idempotent } = call.method;
    if (kind !== "unary" || !idempotent) return next(call);
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(call);
      } catch (error) {
        if (attempt >= attempts || !(error instanceof RpcError) || !statuses.includes(error.status)) throw error;
        await wait(backoff.delay(attempt - 1), call.options.signal, error);
      }
    }
  };
}

/** Whoever cancels meanwhile is told why the last attempt failed. */
async function wait(milliseconds: number, signal: AbortSignal | undefined, failure: RpcError): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch {
    throw failure;
  }
}
