import type { MethodBinding } from "./method-binding.js";

/** An attempt at a call that came to no answer but UNAVAILABLE. */
export interface FailedAttempt {
  /** Whether its OPEN was written. */
  readonly sent: boolean;
  /** Whether the other side says that it never began the call. */
  readonly refused: boolean;
  /** Whether its request stream has begun, or its user has seen anything of an answer: then it cannot begin anew. */
  readonly spent: boolean;
  /** How often the call was sent again before. */
  readonly retries: number;
  /** Whether its connection still takes calls. */
  readonly open: boolean;
  /** Milliseconds until the deadline of the call. */
  readonly remaining: number;
}

/**
 * Milliseconds until the call begins anew; undefined where it ends. One whose OPEN was never written, or that the other side
 * refused to begin, can begin anew: nothing has happened yet. Where something may have happened, only an idempotent method
 * is called again.
 */
export function retryDelay({ connections, method }: MethodBinding, attempt: FailedAttempt): number | undefined {
  const { sent, refused, spent, retries, open, remaining } = attempt;
  const mayRepeat = (refused || method.idempotent) && !spent;
  if (sent && (!mayRepeat || retries >= connections.retries)) return undefined;
  // A connection that goes on is given time; one that does not is left, and the next one may take the call at once.
  const delay = open ? connections.backoff.delay(retries) : 0;
  return delay < remaining ? delay : undefined;
}
