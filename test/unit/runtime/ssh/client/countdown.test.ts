import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Countdown } from "../../../../../runtime/src/ssh/client/countdown.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("elapses after its time, across beginnings, and not once it was stopped", () => {
  const countdown = new Countdown(1000);
  const elapsed = vi.fn();
  countdown.start(() => elapsed("first"));
  vi.advanceTimersByTime(600);
  countdown.start(() => elapsed("second"));
  vi.advanceTimersByTime(399);
  expect(elapsed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(elapsed.mock.calls).toEqual([["second"]]);
  const stopped = new Countdown(10);
  stopped.start(elapsed);
  stopped.stop();
  vi.advanceTimersByTime(100);
  expect(elapsed).toHaveBeenCalledTimes(1);
});

it("stands still while it waits, however that ends, and starts nothing that was stopped meanwhile", async () => {
  const countdown = new Countdown(1000);
  const elapsed = vi.fn();
  countdown.start(elapsed);
  vi.advanceTimersByTime(900);
  const waiting = countdown.pauseFor(new Promise((resolve) => setTimeout(resolve, 60_000, "answer")));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await waiting).toBe("answer");
  await expect(countdown.pauseFor(Promise.reject(new Error("no")))).rejects.toThrow("no");
  vi.advanceTimersByTime(99);
  expect(elapsed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(elapsed).toHaveBeenCalledTimes(1);

  const other = new Countdown(1000);
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
