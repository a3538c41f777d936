import { describe, expect, test } from "vitest";
import type { MethodBinding } from "../../../../../runtime/src/client/call/method-binding.js";
import { type FailedAttempt, retryDelay } from "../../../../../runtime/src/client/call/retry-delay.js";
import { Backoff } from "../../../../../runtime/src/client/connection/backoff.js";
import type { ConnectionSource } from "../../../../../runtime/src/client/connection/connection-source.js";

const DELAY = 40;
const ATTEMPT: FailedAttempt = {
  sent: true,
  refused: false,
  spent: false,
  retries: 0,
  open: false,
  remaining: Number.POSITIVE_INFINITY,
};

function delayOf(attempt: Partial<FailedAttempt>, { idempotent = false } = {}): number | undefined {
  const backoff = new Backoff({ minDelay: DELAY, jitter: 0 });
  const connections = { retries: 2, backoff } as Partial<ConnectionSource>;
  return retryDelay({ connections, method: { idempotent } } as MethodBinding, { ...ATTEMPT, ...attempt });
}

describe("a call that found no answer", () => {
  test("ends where something may have happened, unless its method is idempotent", () => {
    expect(delayOf({})).toBeUndefined();
    expect(delayOf({}, { idempotent: true })).toBe(0);
  });

  test("begins anew where the other side never began it", () => {
    expect(delayOf({ refused: true })).toBe(0);
  });

  test("ends where its request stream has begun, or something of an answer was seen", () => {
    expect(delayOf({ refused: true, spent: true })).toBeUndefined();
    expect(delayOf({ spent: true }, { idempotent: true })).toBeUndefined();
  });

  test("begins anew whatever it is, and however often it was sent, while it was never written", () => {
    expect(delayOf({ sent: false, spent: true, retries: 9 })).toBe(0);
  });

  test("is sent again as often as the client says, and no more", () => {
    expect(delayOf({ retries: 1 }, { idempotent: true })).toBe(0);
    expect(delayOf({ retries: 2 }, { idempotent: true })).toBeUndefined();
  });

  test("waits longer each time for a connection that goes on", () => {
    expect(delayOf({ refused: true, open: true })).toBe(DELAY);
    expect(delayOf({ refused: true, open: true, retries: 1 })).toBe(2 * DELAY);
  });

  test("ends at once where its deadline would come first", () => {
    expect(delayOf({ refused: true, open: true, remaining: DELAY })).toBeUndefined();
    expect(delayOf({ refused: true, open: true, remaining: DELAY + 1 })).toBe(DELAY);
  });
});
