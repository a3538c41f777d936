import { describe, expect, test } from "vitest";
import { CallQueue } from "../../../../runtime/src/wire/call-queue.js";
import type { OutgoingCall } from "../../../../runtime/src/wire/outgoing-call.js";

const call = (method: number): OutgoingCall => ({
  id: 0,
  method,
  metadata: undefined,
  body: "",
  remaining: () => 0,
  status() {},
  lost() {},
});
const [first, second, third] = [call(1), call(2), call(3)];

describe("the calls that wait for a place", () => {
  test("come in the order in which they began to wait", () => {
    const queue = new CallQueue();
    for (const waiting of [first, second]) queue.add(waiting);
    expect([queue.take(), queue.take(), queue.take()]).toEqual([first, second, undefined]);
  });

  test("go on coming after the queue was empty", () => {
    const queue = new CallQueue();
    queue.add(first);
    queue.take();
    queue.take();
    queue.add(second);
    expect(queue.take()).toBe(second);
  });

  test("leave out those that were given up", () => {
    const queue = new CallQueue();
    for (const waiting of [first, second, third]) queue.add(waiting);
    expect([queue.forget(first), queue.forget(first)]).toEqual([true, false]);
    expect(queue.size).toBe(2);
    expect(queue.take()).toBe(second);
  });

  test("come back all at once, and others can wait after them", () => {
    const queue = new CallQueue();
    for (const waiting of [first, second]) queue.add(waiting);
    expect(queue.clear()).toEqual([first, second]);
    queue.add(third);
    expect([queue.size, queue.take()]).toEqual([1, third]);
  });
});
