import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PausableTimer } from "../../../../../runtime/src/ssh/client/pausable-timer.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("fires after its total time across restarts, and not after a stop", () => {
  const timer = new PausableTimer(1000);
  const elapsed = vi.fn();
  timer.start(() => elapsed("first"));
  vi.advanceTimersByTime(600);
  timer.start(() => elapsed("second"));
  vi.advanceTimersByTime(399);
  expect(elapsed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(elapsed.mock.calls).toEqual([["second"]]);
  const stopped = new PausableTimer(10);
  stopped.start(elapsed);
  stopped.stop();
  vi.advanceTimersByTime(100);
  expect(elapsed).toHaveBeenCalledTimes(1);
});

it("pauses until a promise settles, and does not restart a timer that was stopped meanwhile", async () => {
  const timer = new PausableTimer(1000);
  const elapsed = vi.fn();
  timer.start(elapsed);
  vi.advanceTimersByTime(900);
  const waiting = timer.pauseFor(new Promise((resolve) => setTimeout(resolve, 60_000, "answer")));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await waiting).toBe("answer");
  await expect(timer.pauseFor(Promise.reject(new Error("no")))).rejects.toThrow("no");
  vi.advanceTimersByTime(99);
  expect(elapsed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(elapsed).toHaveBeenCalledTimes(1);

  const other = new PausableTimer(1000);
  other.start(elapsed);
  const [first, second] = [5000, 7000].map((time) => other.pauseFor(new Promise((done) => setTimeout(done, time))));
  await vi.advanceTimersByTimeAsync(6500);
  await first;
  expect(elapsed).toHaveBeenCalledTimes(1);
  other.stop();
  await vi.advanceTimersByTimeAsync(5000);
  await second;
  expect([elapsed.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0]);
});
