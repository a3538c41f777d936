import { expect, test } from "vitest";
import { Backoff } from "../../../../../runtime/src/client/connection/backoff.js";

test("delays double from the minimum to the maximum", () => {
  const backoff = new Backoff({ minDelay: 100, maxDelay: 1000, jitter: 0 });
  expect([0, 1, 2, 3, 4, 5000].map((failures) => backoff.delay(failures))).toEqual([100, 200, 400, 800, 1000, 1000]);
});

test("jitter shortens each delay by a random part", () => {
  const backoff = new Backoff({ minDelay: 100, maxDelay: 100, jitter: 0.5 });
  const delays = Array.from({ length: 200 }, () => backoff.delay(3));
  expect(Math.min(...delays)).toBeGreaterThan(50);
  expect(Math.max(...delays)).toBeLessThanOrEqual(100);
  expect(new Set(delays).size).toBeGreaterThan(100);
});

test("a minimum above the default maximum raises the maximum", () => {
  expect(new Backoff({ minDelay: 20_000, jitter: 0 }).delay(4)).toBe(20_000);
});
