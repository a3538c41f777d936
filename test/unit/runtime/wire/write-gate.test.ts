import { expect, test } from "vitest";
import { WriteGate } from "../../../../runtime/src/wire/write-gate.js";

test("whoever waits goes on once there is room, once, in order, unless it is forgotten", () => {
  const backlog = new WriteGate();
  const calls: string[] = [];
  const [first, second, third] = ["first", "second", "third"].map((name) => () => void calls.push(name));
  expect(backlog.full).toBe(false);
  backlog.fill();
  expect(backlog.full).toBe(true);
  for (const proceed of [first, second, third]) if (proceed !== undefined) backlog.wait(proceed);
  if (second !== undefined) backlog.forget(second);
  backlog.drain();
  expect(backlog.full).toBe(false);
  backlog.drain();
  expect(calls).toEqual(["first", "third"]);
});

test("who waits again while others go on waits for the next time", () => {
  const backlog = new WriteGate();
  let calls = 0;
  const again = (): void => {
    calls++;
    backlog.wait(again);
  };
  backlog.wait(again);
  backlog.drain();
  expect(calls).toBe(1);
  backlog.drain();
  expect(calls).toBe(2);
});
