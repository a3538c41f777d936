import { MAX_TIMEOUT } from "../../base/check-number.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { MethodBinding } from "./method-binding.js";

/** An attempt that failed with UNAVAILABLE, or that was refused with RESOURCE_EXHAUSTED. */
interface FailedAttempt {
  /** Whether its OPEN was written. */
  readonly sent: boolean;
  /** Whether the server reports that it never started the call. */
  readonly refused: boolean;
  /** Whether the request stream has started, or the caller has received headers or an item. */
  readonly notReplayable: boolean;
  /** Number of retries so far. */
  readonly retries: number;
  /** Whether its connection still accepts calls. */
  readonly open: boolean;
  /** Milliseconds that the server asks to wait, as in the details of RESOURCE_EXHAUSTED; 0 where it asks for none. */
  readonly retryAfter?: number;
  /** Time until the deadline of the call, in ms. */
  readonly remaining: number;
}

/**
 * The backoff delay before a retry in ms; undefined where the call must not be retried. A call whose OPEN was never written, or
 * that the server refused to start, has had no effect and can be retried. Otherwise only idempotent methods are retried.
 */
export function retryDelay({ connections, method }: MethodBinding, attempt: FailedAttempt): number | undefined {
  const { sent, refused, notReplayable, retries, open, retryAfter = 0, remaining } = attempt;
  const mayRepeat = (refused || method.idempotent) && !notReplayable;
  if (sent && (!mayRepeat || retries >= connections.retries)) return undefined;
  // An open connection needs time to recover. After a lost one, the next connection can take the call at once.
  const delay = retryAfter + (open ? connections.backoff.delay(retries) : 0);
  return delay < remaining ? delay : undefined;
}

/** The wait in ms that the server asks for; undefined where a retry is of no use. */
export function retryAfterOf({ details }: RpcError): number | undefined {
  const { retryAfter } = (typeof details === "object" && details !== null ? details : {}) as { retryAfter?: unknown };
  return typeof retryAfter === "number" && retryAfter >= 0 && retryAfter <= MAX_TIMEOUT ? retryAfter : undefined;
}
