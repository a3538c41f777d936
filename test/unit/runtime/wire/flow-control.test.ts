import { describe, expect, test } from "vitest";
import { encodeFrame } from "../../../../runtime/src/wire/encode.js";
import { MAX_CREDIT, WindowBudget } from "../../../../runtime/src/wire/flow/stream-window.js";
import { WriteGate } from "../../../../runtime/src/wire/flow/write-gate.js";
import { FRAME, itemCost } from "../../../../runtime/src/wire/frame.js";
import { until } from "../support/wait.js";

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

  test("gives turns to as many streams as have 256 KiB of items together, in order, and to the next ones as these have sent", () => {
    const gate = new WriteGate();
    gate.fill();
    const turns: number[] = [];
    for (let stream = 0; stream < 300; stream++) gate.wait((turn) => turns.push(turn));
    gate.drain();
    // An item has 16 KiB before its size is known.
    expect(turns).toHaveLength(16);
    gate.leave(turns[0] as number);
    expect(turns).toHaveLength(17);
    // Larger items: fewer at the same time.
    gate.leave(turns[1] as number, 60_000);
    gate.leave(turns[2] as number, 60_000);
    expect(turns).toHaveLength(17);
  });

  test("gives no turn while the transport is full", () => {
    const gate = new WriteGate();
    const [first] = [gate.enter(), gate.enter()];
    gate.fill();
    let admitted = 0;
    gate.wait(() => admitted++);
    expect(gate.enter()).toBe(0);
    gate.leave(first as number, 10);
    expect(admitted).toBe(0);
    gate.drain();
    expect(admitted).toBe(1);
  });

  test("ends the turns of streams whose sources take long with the turn of the event loop", async () => {
    const gate = new WriteGate();
    const turns = Array.from({ length: 300 }, () => gate.enter());
    expect(turns.filter((turn) => turn > 0)).toHaveLength(16);
    let late = 0;
    gate.wait((turn) => {
      late = turn;
    });
    expect(late).toBe(0);
    await until("a turn", () => late > 0);
    expect(gate.isCurrent(late)).toBe(true);
    expect(gate.isCurrent(turns[0] as number)).toBe(false);
  });
});
