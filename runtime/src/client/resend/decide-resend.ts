import { MAX_TIMEOUT } from "../../base/check-number.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { Backoff } from "../connection/backoff.js";

/** An attempt that failed with UNAVAILABLE, or that was refused with RESOURCE_EXHAUSTED, and the call that it belongs to. */
export interface FailedAttempt {
  /**
   * `unsent`: its OPEN was not written. `refused`: the server reports that it never started it. `lost`: its connection ended before its
   * status, or its server has stopped it before its outcome was known. `unavailable`: its handler ended with UNAVAILABLE.
   */
  readonly outcome: "unsent" | "refused" | "lost" | "unavailable";
  /** Whether the method is idempotent. */
  readonly idempotent: boolean;
  /** Whether an earlier attempt may have run. */
  readonly mayHaveRun: boolean;
  /** Milliseconds in which a ledger still knows the key of the call; undefined if no attempt had a key. */
  readonly ledgerTime: number | undefined;
  /** What the consumer of the response stream has taken last, if the call has one. */
  readonly taken: "nothing" | "an item with a position" | "an item without a position";
  /** Whether the request can be sent again: `whole` without a request stream, or with one that has not begun. */
  readonly request: "whole" | "readable from an offset" | "spent";
  /** Number of retries since the call made progress. */
  readonly retries: number;
  /** Whether its connection still accepts calls. */
  readonly open: boolean;
  /** Milliseconds that the server asks to wait, as in the details of RESOURCE_EXHAUSTED; 0 where it asks for none. */
  readonly retryAfter: number;
  /** Time until the deadline of the call, in ms. */
  readonly remaining: number;
}

/**
 * How a call is sent again. `again`: from its beginning, to any server. `keyed`: with its idempotency key, only to a server with the same
 * ledger. `upload`: as `keyed`, and the request stream goes on where the server has it. `resume`: its response stream begins behind the
 * last position.
 */
type Resend = "again" | "keyed" | "upload" | "resume";

/** What bounds the retries of one call. */
interface ResendLimits {
  readonly retries: number;
  readonly backoff: Pick<Backoff, "delay">;
}

/** How a call is sent again after an attempt, and after how many ms; undefined where it ends with the error of the attempt. */
export function decideResend(
  attempt: FailedAttempt,
  limits: ResendLimits,
): { readonly how: Resend; readonly delay: number } | undefined {
  const how = resendOf(attempt);
  if (how === undefined) return undefined;
  const { outcome, retries, open, retryAfter, remaining, ledgerTime = 0 } = attempt;
  if (outcome !== "unsent" && retries >= limits.retries) return undefined;
  // An open connection needs time to recover. After a lost one, the next connection can take the call at once.
  const delay = retryAfter + (open ? limits.backoff.delay(retries) : 0);
  const isKeyed = how === "keyed" || how === "upload";
  return delay < remaining && (!isKeyed || delay < ledgerTime) ? { how, delay } : undefined;
}

function resendOf({ outcome, idempotent, mayHaveRun, ledgerTime, taken, request }: FailedAttempt): Resend | undefined {
  if (request === "spent" || taken === "an item without a position") return undefined;
  if (taken === "an item with a position") return idempotent && request === "whole" ? "resume" : undefined;
  const isUnstarted = !mayHaveRun && (outcome === "unsent" || outcome === "refused");
  if (isUnstarted || idempotent) return "again";
  // The ledger would answer an outcome of the handler again.
  if (ledgerTime === undefined || outcome === "unavailable") return undefined;
  return request === "whole" ? "keyed" : "upload";
}

/** The wait in ms that the server asks for; undefined where a retry is of no use. */
export function retryAfterOf({ details }: RpcError): number | undefined {
  const { retryAfter } = (typeof details === "object" && details !== null ? details : {}) as { retryAfter?: unknown };
  return typeof retryAfter === "number" && retryAfter >= 0 && retryAfter <= MAX_TIMEOUT ? retryAfter : undefined;
}
