import { describe, expect, test } from "vitest";
import { encodeFrame } from "../../../../runtime/src/wire/encode.js";
import { itemCost, MAX_CREDIT, WindowBudget, WriteGate } from "../../../../runtime/src/wire/flow-control.js";
import { FRAME } from "../../../../runtime/src/wire/frame.js";

describe("credit", () => {
  test("costs an item the bytes of its whole frame, so that empty items are bounded", () => {
    for (const body of ["", "x", "x".repeat(1000)]) {
      expect(itemCost(body.length)).toBe(encodeFrame({ kind: FRAME.ITEM, id: 1, body }).length);
    }
  });

  test("is at most the largest signed 32-bit integer", () => {
    expect(MAX_CREDIT).toBe(2 ** 31 - 1);
  });
});

describe("a window budget", () => {
  test("lends each byte once at a time", () => {
    const budget = new WindowBudget(100);
    expect(budget.take(60)).toBe(true);
    expect(budget.take(41)).toBe(false);
    expect(budget.take(40)).toBe(true);
    budget.give(60);
    expect(budget.take(61)).toBe(false);
    expect(budget.take(60)).toBe(true);
  });
});

describe("a write gate", () => {
  test("calls each waiting callback once, in order, unless it is removed", () => {
    const gate = new WriteGate();
    const calls: string[] = [];
    const [first, second, third] = ["first", "second", "third"].map((name) => () => void calls.push(name));
    expect(gate.full).toBe(false);
    gate.fill();
    expect(gate.full).toBe(true);
    for (const proceed of [first, second, third]) if (proceed !== undefined) gate.wait(proceed);
    if (second !== undefined) gate.forget(second);
    gate.drain();
    expect(gate.full).toBe(false);
    gate.drain();
    expect(calls).toEqual(["first", "third"]);
  });

  test("calls a callback that waits again at the next drain", () => {
    const gate = new WriteGate();
    let calls = 0;
    const again = (): void => {
      calls++;
      gate.wait(again);
    };
    gate.wait(again);
    gate.drain();
    expect(calls).toBe(1);
    gate.drain();
    expect(calls).toBe(2);
  });
});
