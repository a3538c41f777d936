import { describe, expect, test } from "vitest";
import { MAX_TIMEOUT } from "../../../../../runtime/src/base/check-number.js";
import { Backoff } from "../../../../../runtime/src/client/connection/backoff.js";

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
