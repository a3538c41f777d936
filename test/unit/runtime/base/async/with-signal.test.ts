import { getEventListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test, vi } from "vitest";
import { anySignal } from "../../../../../runtime/src/base/async/any-signal.js";
import { onAbort, withSignal } from "../../../../../runtime/src/base/async/with-signal.js";
import { withTimeout } from "../../../../../runtime/src/base/async/with-timeout.js";
import { until } from "../../support/wait.js";

const NEVER = new Promise<never>(() => {});

describe("withSignal", () => {
  test("settles like the promise, and leaves no listener on the signal", async () => {
    const { signal } = new AbortController();
    expect(await withSignal(Promise.resolve(1), signal)).toBe(1);
    await expect(withSignal(Promise.reject(new Error("failed")), signal)).rejects.toThrow("failed");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("rejects with the reason of the signal, or with the error made of it", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = [
      withSignal(NEVER, signal),
      withSignal(NEVER, signal, { error: (reason) => new Error(`cancelled: ${reason}`) }),
    ];
    controller.abort("stop");
    await expect(waiting[0]).rejects.toBe("stop");
    await expect(waiting[1]).rejects.toThrow("cancelled: stop");
  });

  test("passes a value that arrives after the abort to onLate, and no other", async () => {
    const controller = new AbortController();
    const late: string[] = [];
    const onLate = (value: string) => void late.push(value);
    await withSignal(Promise.resolve("in time"), controller.signal, { onLate });
    const waiting = withSignal(delay(10, "late"), controller.signal, { onLate });
    controller.abort("stop");
    await expect(waiting).rejects.toBe("stop");
    const aborted = withSignal(Promise.resolve("after the abort"), controller.signal, { onLate });
    await expect(aborted).rejects.toBe("stop");
    await delay(20);
    expect(late).toEqual(["after the abort", "late"]);
  });

  test("does not call a function after the abort", async () => {
    const run = vi.fn();
    await expect(withSignal(run, AbortSignal.abort("stop"))).rejects.toBe("stop");
    expect(run).not.toHaveBeenCalled();
  });
});

describe("onAbort", () => {
  test("adds one event listener to the signal, regardless of the number of calls", () => {
    const controller = new AbortController();
    const called: number[] = [];
    const removers = Array.from({ length: 12 }, (_, index) => onAbort(controller.signal, () => called.push(index)));
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    for (const remove of removers.slice(2)) remove();
    controller.abort();
    expect(called).toEqual([0, 1]);
  });

  test("removes its event listener with the last of them", () => {
    const { signal } = new AbortController();
    const listener = () => {};
    for (const remove of [onAbort(signal, listener), onAbort(signal, listener)]) remove();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("calls the listener in a microtask if the signal has aborted already, unless it is removed", async () => {
    const signal = AbortSignal.abort();
    const listener = vi.fn();
    onAbort(signal, listener);
    expect(listener).not.toHaveBeenCalled();
    onAbort(signal, () => listener())();
    await delay(0);
    expect(listener).toHaveBeenCalledTimes(1);
  });
});

describe("withTimeout", () => {
  test("rejects after the timeout with its message, and passes a later value to onLate", async () => {
    const late: string[] = [];
    const onLate = (value: string) => void late.push(value);
    await expect(withTimeout(delay(30, "late"), 10, { message: "no answer within 10 ms", onLate })).rejects.toThrow(
      "no answer within 10 ms",
    );
    await delay(40);
    expect(late).toEqual(["late"]);
    expect(await withTimeout(() => "now", 10, { message: "" })).toBe("now");
  });
});

describe("anySignal", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;

  test("fires at a timeout that nothing else refers to, also if garbage is collected before", async () => {
    const caller = new AbortController();
    const signal = (() => anySignal([caller.signal, AbortSignal.timeout(300)]))();
    // A later turn: what was made in this one is kept until its end.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    await until("the timeout", () => signal.aborted);
    expect(signal.reason).toMatchObject({ name: "TimeoutError" });
  });

  test("fires with the first of its signals, and its reason", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const signal = anySignal([first.signal, second.signal]);
    second.abort("the second");
    first.abort("the first");
    expect(signal.reason).toBe("the second");
  });
});
