import { describe, expect, test } from "vitest";
import { MAX_TIMEOUT } from "../../../../../runtime/src/base/check-number.js";
import type { MethodBinding } from "../../../../../runtime/src/client/call/method-binding.js";
import { retryDelay } from "../../../../../runtime/src/client/call/retry-delay.js";
import { Backoff } from "../../../../../runtime/src/client/connection/backoff.js";
import type { ConnectionSource } from "../../../../../runtime/src/client/connection/connection-source.js";

const DELAY = 40;
type FailedAttempt = Parameters<typeof retryDelay>[1];

const ATTEMPT: FailedAttempt = {
  sent: true,
  refused: false,
  notReplayable: false,
  retries: 0,
  open: false,
  remaining: Number.POSITIVE_INFINITY,
};

function delayOf(attempt: Partial<FailedAttempt>, { idempotent = false } = {}): number | undefined {
  const backoff = new Backoff({ minDelay: DELAY, jitter: 0 });
  const connections = { retries: 2, backoff } as Partial<ConnectionSource>;
  return retryDelay({ connections, method: { idempotent } } as MethodBinding, { ...ATTEMPT, ...attempt });
}

describe("a call that failed with UNAVAILABLE", () => {
  test("is retried after it may have had an effect only if its method is idempotent", () => {
    expect(delayOf({})).toBeUndefined();
    expect(delayOf({}, { idempotent: true })).toBe(0);
  });

  test("is retried if the server never started it", () => {
    expect(delayOf({ refused: true })).toBe(0);
  });

  test("is not retried after its request stream has started or a part of a response has arrived", () => {
    expect(delayOf({ refused: true, notReplayable: true })).toBeUndefined();
    expect(delayOf({ notReplayable: true }, { idempotent: true })).toBeUndefined();
  });

  test("is always retried while its OPEN was never written", () => {
    expect(delayOf({ sent: false, notReplayable: true, retries: 9 })).toBe(0);
  });

  test("is retried at most `retries` times", () => {
    expect(delayOf({ retries: 1 }, { idempotent: true })).toBe(0);
    expect(delayOf({ retries: 2 }, { idempotent: true })).toBeUndefined();
  });

  test("is retried with exponential backoff on a connection that is still open", () => {
    expect(delayOf({ refused: true, open: true })).toBe(DELAY);
    expect(delayOf({ refused: true, open: true, retries: 1 })).toBe(2 * DELAY);
  });

  test("is not retried if the deadline comes before the retry", () => {
    expect(delayOf({ refused: true, open: true, remaining: DELAY })).toBeUndefined();
    expect(delayOf({ refused: true, open: true, remaining: DELAY + 1 })).toBe(DELAY);
  });
});

describe("the backoff of connections and retries", () => {
  test("doubles its delays from the minimum to the maximum", () => {
    const backoff = new Backoff({ minDelay: 100, maxDelay: 1000, jitter: 0 });
    expect([0, 1, 2, 3, 4, 5000].map((failures) => backoff.delay(failures))).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  test("shortens each delay by a random part, the jitter", () => {
    const backoff = new Backoff({ minDelay: 100, maxDelay: 100, jitter: 0.5 });
    const delays = Array.from({ length: 200 }, () => backoff.delay(3));
    expect(Math.min(...delays)).toBeGreaterThan(50);
    expect(Math.max(...delays)).toBeLessThanOrEqual(100);
    expect(new Set(delays).size).toBeGreaterThan(100);
  });

  test("takes a jitter from 0 to 1, and delays from 1 ms to the longest timer", () => {
    for (const options of [
      { jitter: 0 },
      { jitter: 1 },
      { minDelay: 1 },
      { minDelay: MAX_TIMEOUT },
      { maxDelay: MAX_TIMEOUT },
    ]) {
      expect(() => new Backoff(options)).not.toThrow();
    }
    for (const [options, message] of [
      [{ jitter: -0.1 }, "option reconnect.jitter: -0.1 is not a number from 0 to 1"],
      [{ jitter: 1.1 }, "option reconnect.jitter: 1.1 is not a number from 0 to 1"],
      [{ minDelay: 0 }, "option reconnect.minDelay: 0 is not a number from 1 to 2147483647"],
      [{ minDelay: 20, maxDelay: 19 }, "option reconnect.maxDelay: 19 is not a number from 20 to 2147483647"],
      [{ maxDelay: MAX_TIMEOUT + 1 }, "option reconnect.maxDelay: 2147483648 is not a number from 100 to 2147483647"],
    ] as const) {
      expect(() => new Backoff(options)).toThrow(message);
    }
  });

  test("has a maximum of at least the minimum", () => {
    expect(new Backoff({ minDelay: 20_000, jitter: 0 }).delay(4)).toBe(20_000);
  });
});
