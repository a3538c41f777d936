import { afterEach, expect, test, vi } from "vitest";
import { everyInterval } from "../../../../../runtime/src/base/async/shared-interval.js";

afterEach(() => {
  vi.useRealTimers();
});

test("what is called at the same interval shares one timer, which ends with the last of it", () => {
  vi.useFakeTimers();
  const calls: string[] = [];
  const stopFirst = everyInterval(1000, () => calls.push("first"));
  const stopSecond = everyInterval(1000, () => calls.push("second"));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1000);
  stopFirst();
  stopFirst();
  vi.advanceTimersByTime(1000);
  stopSecond();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(5000);
  expect(calls).toEqual(["first", "second", "second"]);
});

test("one that ends itself while it is called does not keep the others from being called", () => {
  vi.useFakeTimers();
  const calls: string[] = [];
  const stop = everyInterval(50, () => {
    calls.push("first");
    stop();
  });
  const stopSecond = everyInterval(50, () => calls.push("second"));
  vi.advanceTimersByTime(100);
  stopSecond();
  expect(calls).toEqual(["first", "second", "second"]);
});
