import { describe, expect, test } from "vitest";
import { CallQueue, type OutgoingCall } from "../../../../runtime/src/wire/outgoing-call.js";

const call = (method: number): OutgoingCall => ({
  id: 0,
  method,
  metadata: undefined,
  body: "",
  remaining: () => 0,
  sent() {},
  status() {},
  lost() {},
});
const [first, second, third] = [call(1), call(2), call(3)];

describe("a queue of calls", () => {
  test("is first in, first out", () => {
    const queue = new CallQueue();
    for (const waiting of [first, second]) queue.add(waiting);
    expect([queue.take(), queue.take(), queue.take()]).toEqual([first, second, undefined]);
  });

  test("continues after it was empty", () => {
    const queue = new CallQueue();
    queue.add(first);
    queue.take();
    queue.take();
    queue.add(second);
    expect(queue.take()).toBe(second);
  });

  test("skips calls that were removed", () => {
    const queue = new CallQueue();
    for (const waiting of [first, second, third]) queue.add(waiting);
    expect([queue.forget(first), queue.forget(first)]).toEqual([true, false]);
    expect(queue.size).toBe(2);
    expect(queue.take()).toBe(second);
  });

  test("returns all calls when it is cleared, and accepts others afterwards", () => {
    const queue = new CallQueue();
    for (const waiting of [first, second]) queue.add(waiting);
    expect(queue.clear()).toEqual([first, second]);
    queue.add(third);
    expect([queue.size, queue.take()]).toEqual([1, third]);
  });
});
