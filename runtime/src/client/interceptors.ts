import { setTimeout as sleep } from "node:timers/promises";
import { anySignal } from "../base/async/any-signal.js";
import { checkNumber, MAX_TIMEOUT } from "../base/check-number.js";
import { checkOptions, type OptionTable } from "../base/check-options.js";
import type { Logger } from "../base/log.js";
import { roundMs } from "../base/observer/line-fields.js";
import { checkedOptions } from "../contract/option-errors.js";
import { RpcError } from "../contract/rpc-error.js";
import type { ErrorStatus } from "../contract/status.js";
import type { ClientInterceptor } from "./call/interceptor.js";
import type { ResponseStream } from "./call/method-types.js";
import { BACKOFF_OPTIONS, Backoff, type BackoffOptions } from "./connection/backoff.js";
import { retryAfterOf } from "./resend/decide-resend.js";

/** Logs one line per call when it ends: method, status and duration in ms. Payloads are never logged. */
export function logClientCalls(log: Logger): ClientInterceptor {
  return async (call, next) => {
    const start = performance.now();
    const { method } = call;
    const ended = (error?: unknown): void => {
      const status = error === undefined ? "OK" : error instanceof RpcError ? error.status : "INTERNAL";
      log.info({ method: method.id, status, ms: roundMs(performance.now() - start) }, "call");
    };
    const logEnd = (response: Promise<unknown>): Promise<void> => response.then(() => ended(), ended);
    const result = next(call);
    if (method.responseItem === undefined) void logEnd(result);
    else result.then((stream) => logEnd((stream as ResponseStream<unknown, unknown>).response), ended);
    return result;
  };
}

/**
 * Limits the timeout of every call to `milliseconds`, even if its caller sets a longer one. Streaming calls without a
 * timeout get this one.
 * @throws RpcError BAD_REQUEST where it is not a whole number of ms that a timer accepts
 */
export function maxTimeout(milliseconds: number): ClientInterceptor {
  checkedOptions(() => checkNumber("maxTimeout", milliseconds, 1, MAX_TIMEOUT));
  return (call, next) => {
    const { timeout = call.method.timeout ?? milliseconds } = call.options;
    return next({ ...call, options: { ...call.options, timeout: Math.min(timeout, milliseconds) } });
  };
}

/** Options of {@link retry}. */
export interface RetryOptions extends BackoffOptions {
  /** Statuses after which a call is retried. Default: `RESOURCE_EXHAUSTED`. */
  readonly statuses?: readonly ErrorStatus[];
  /** Maximum number of attempts, the first one included. Default: 3. */
  readonly attempts?: number;
}

/** The defaults of {@link RetryOptions}, beside those of its backoff. */
export const RETRY_DEFAULTS = { statuses: ["RESOURCE_EXHAUSTED"], attempts: 3 } as const;

const RETRY_OPTIONS = { ...BACKOFF_OPTIONS, statuses: true, attempts: true } satisfies OptionTable<RetryOptions>;

/**
 * Retries idempotent unary calls that fail with one of some statuses, with exponential backoff and jitter, after the
 * `retryAfter` of the error's details where it has one. Each attempt has the full timeout of the call. Calls that lose their connection need no interceptor: the client itself retries those.
 * @throws RpcError BAD_REQUEST that names an invalid option and its value
 */
export function retry(options: RetryOptions = {}): ClientInterceptor {
  const { attempts = RETRY_DEFAULTS.attempts, ...delays } = options;
  const statuses: readonly ErrorStatus[] = options.statuses ?? RETRY_DEFAULTS.statuses;
  const backoff = checkedOptions(() => {
    checkOptions(options, RETRY_OPTIONS);
    checkNumber("retry.attempts", attempts, 1);
    return new Backoff(delays, "retry");
  });
  return async (call, next) => {
    const { kind, idempotent } = call.method;
    if (kind !== "unary" || !idempotent) return next(call);
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(call);
      } catch (error) {
        if (attempt >= attempts || !(error instanceof RpcError) || !statuses.includes(error.status)) throw error;
        await wait((retryAfterOf(error) ?? 0) + backoff.delay(attempt - 1), call.options.signal, error);
      }
    }
  };
}

/** A caller that cancels during the wait receives the error of the last attempt. */
async function wait(milliseconds: number, signal: AbortSignal | undefined, failure: RpcError): Promise<void> {
  try {
    // A signal of its own, to which Node adds its listener: many calls may share the caller's.
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal: anySignal([signal]) });
  } catch {
    throw failure;
  }
}
