import { describe, expect, test } from "vitest";
import { RpcError } from "../../../../runtime/src/contract/rpc-error.js";
import type { ReceiveWindow } from "../../../../runtime/src/wire/flow/connection-window.js";
import { WindowBudget } from "../../../../runtime/src/wire/flow/stream-window.js";
import { type ItemReader, ItemReceiver } from "../../../../runtime/src/wire/item-receiver.js";
import { failure } from "../support/wait.js";
import { Random, SEED } from "./random.js";

const GONE = new RpcError("CANCELLED", "gone");

/** A receiver of items that begin with their number, with the grants, cancels and faults of its call. */
function receive(window: number, growth = 0) {
  return receiver(window, growth, { isRaw: false, decode: ({ buffer, start }) => buffer.readUInt16BE(start) });
}

/** A receiver of raw bytes. */
function receiveRaw(window: number, growth = 0) {
  const it = receiver(window, growth, { isRaw: true, decode: ({ buffer, start, end }) => buffer.subarray(start, end) });
  return { ...it, push: (bytes: Buffer) => it.items.push({ buffer: bytes, start: 0, end: bytes.length, flags: 0 }) };
}

function receiver<Item>(window: number, growth: number, reader: ItemReader<Item>) {
  const grants: number[] = [];
  const faults: RpcError[] = [];
  let cancels = 0;
  const budget = new WindowBudget(growth);
  const items = new ItemReceiver<Item>({ window, budget }, reader, {
    grant: (bytes) => grants.push(bytes),
    cancel: () => cancels++,
    failed: (reason) => faults.push(reason),
  });
  /** An item with this number, if it has room for one. */
  const push = (number: number, size: number, connection?: ReceiveWindow): void => {
    const buffer = Buffer.alloc(Math.max(2, size));
    buffer.writeUInt16BE(number);
    items.push({ buffer, start: 0, end: size, flags: 0 }, connection);
  };
  return { items, push, grants, budget, faults, cancels: () => cancels };
}

describe("received items", () => {
  test("are consumed in order, also by reads that are pending", async () => {
    const { items, push } = receive(1000);
    push(1, 2);
    push(2, 2);
    expect(await items.next()).toEqual({ done: false, value: 1 });
    const [second, third, fourth] = [items.next(), items.next(), items.next()];
    push(3, 2);
    push(4, 2);
    items.end();
    expect(await Promise.all([second, third, fourth, items.next()])).toEqual([
      { done: false, value: 2 },
      { done: false, value: 3 },
      { done: false, value: 4 },
      { done: true, value: undefined },
    ]);
  });

  test("are all consumed under any interleaving of pushes and reads", async () => {
    const { items, push } = receive(1_000_000);
    const random = new Random(SEED);
    let [pushed, taken] = [0, 0];
    for (let turn = 0; turn < 300; turn++) {
      for (let more = random.below(20); more > 0; more--) push(pushed++, 2);
      for (let less = random.below(20); less > 0 && taken < pushed; less--) {
        expect((await items.next()).value).toBe(taken++);
      }
    }
    items.end();
    for await (const item of items) expect(item).toBe(taken++);
    expect(taken).toBe(pushed);
  });

  test("of raw bytes are joined while no read is pending, and granted together", async () => {
    const { items, push, grants } = receiveRaw(1_000_000);
    for (let nth = 0; nth < 20; nth++) push(Buffer.alloc(50_000, nth));
    const pieces: Buffer[] = [];
    for (let nth = 0; nth < 4; nth++) pieces.push((await items.next()).value as Buffer);
    expect(pieces.map(({ length }) => length)).toEqual([250_000, 250_000, 250_000, 250_000]);
    expect(
      Buffer.concat(pieces).equals(Buffer.concat(Array.from({ length: 20 }, (_, nth) => Buffer.alloc(50_000, nth)))),
    ).toBe(true);
    expect(grants).toEqual([500_100, 500_100]);
  });

  test("of raw bytes are not joined if they are small, or larger than a joined item", async () => {
    const { items, push } = receiveRaw(2_000_000);
    const large = Buffer.alloc(300_000);
    for (const bytes of [Buffer.from("a"), large, Buffer.from("b"), Buffer.from("c")]) push(bytes);
    expect((await items.next()).value?.toString()).toBe("a");
    expect((await items.next()).value?.equals(large)).toBe(true);
    expect((await items.next()).value?.toString()).toBe("b");
    expect((await items.next()).value?.toString()).toBe("c");
  });

  test("of raw bytes that one read of the socket has brought are not joined", async () => {
    const { items, push } = receiveRaw(1_000_000);
    for (let nth = 0; nth < 4; nth++) push(Buffer.alloc(16_000, nth));
    for (let nth = 0; nth < 4; nth++) expect((await items.next()).value?.length).toBe(16_000);
  });

  test("before an error are consumed before it is thrown, once", async () => {
    const { items, push } = receive(1000);
    push(1, 2);
    items.end(GONE);
    items.end(new RpcError("INTERNAL"));
    expect(await items.next()).toMatchObject({ value: 1 });
    expect(await failure(items.next())).toBe(GONE);
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  test("are dropped when the call is aborted", async () => {
    const { items, push } = receive(1000);
    push(1, 2);
    items.abort(GONE);
    expect(await failure(items.next())).toBe(GONE);
  });

  test("after the end are dropped", async () => {
    const { items, push } = receive(1000);
    items.end();
    push(1, 2);
    expect(await items.next()).toMatchObject({ done: true });
  });

  test("cause no unhandled rejection if a pending read fails", async () => {
    const { items } = receive(1000);
    const asked = items.next();
    items.abort(GONE);
    // An unhandled rejection in this turn would let the peer end the process.
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await failure(asked)).toBe(GONE);
  });
});

describe("a consumer that stops", () => {
  test("cancels the call once, and ends pending reads", async () => {
    const { items, cancels } = receive(1000);
    const waiting = items.next();
    expect(await items.return()).toMatchObject({ done: true });
    expect(await items.return()).toMatchObject({ done: true });
    expect(await waiting).toMatchObject({ done: true });
    expect(cancels()).toBe(1);
  });

  test("after the end does not cancel the call", async () => {
    const { items, push, cancels } = receive(1000);
    push(1, 2);
    items.end(GONE);
    await items.return();
    expect(cancels()).toBe(0);
    expect(await items.next()).toMatchObject({ done: true });
  });
});

describe("credit", () => {
  test("covers the window and the item that exceeds it, and no further item", () => {
    const { push } = receive(100);
    for (let count = 0; count < 4; count++) push(count, 20);
    expect(() => push(5, 20)).toThrow("beyond the credit");
  });

  test("covers one item of any size if the window is nearly full", () => {
    const { push } = receive(100);
    push(1, 80);
    push(2, 1_000_000);
    expect(() => push(3, 0)).toThrow("beyond the credit");
  });

  test("is granted in halves of the window as items are consumed", async () => {
    const { items, push, grants } = receive(100);
    for (let count = 0; count < 3; count++) push(count, 15);
    await items.next();
    expect(grants).toEqual([]);
    await items.next();
    expect(grants).toEqual([50]);
    await items.next();
    push(4, 15);
    await items.next();
    expect(grants).toEqual([50, 50]);
  });

  test("is always granted, however small the window is", async () => {
    for (const window of [1, 10, 11, 20, 100, 4096]) {
      const { items, push, grants } = receive(window);
      let credit = window;
      for (let count = 0; count < 200; count++) {
        expect(credit).toBeGreaterThan(0);
        push(count, count % 50);
        credit -= 10 + (count % 50);
        await items.next();
        credit += grants.splice(0).reduce((sum, bytes) => sum + bytes, 0);
      }
    }
  });

  test("is not granted after the end", async () => {
    const { items, push, grants } = receive(100);
    push(1, 90);
    items.end();
    await items.next();
    expect(grants).toEqual([]);
  });

  test("grows within the budget for a consumer that keeps up, and returns to the budget", async () => {
    const { items, push, grants, budget } = receive(100, 300);
    for (let count = 0; count < 10; count++) {
      push(count, 90);
      await items.next();
    }
    // The window is 100, then 200; 400 would exceed the budget.
    expect(grants.slice(0, 2)).toEqual([200, 300]);
    expect(budget.take(1)).toBe(false);
    items.end();
    expect(budget.take(1)).toBe(false);
    items.release();
    items.release();
    expect(budget.take(300)).toBe(true);
    expect(budget.take(1)).toBe(false);
  });

  test("does not grow for a slow consumer", async () => {
    const { items, push, grants } = receive(1000, 1_000_000);
    for (let count = 0; count < 9; count++) push(count, 100);
    for (let count = 0; count < 8; count++) await items.next();
    expect(grants).toEqual([550]);
  });

  test("does not grow for a slow consumer that reads all raw bytes of its window at once", async () => {
    const { items, push, grants } = receiveRaw(200_000, 1_000_000);
    for (let turn = 0; turn < 5; turn++) {
      for (let nth = 0; nth < 20; nth++) push(Buffer.alloc(9_990));
      expect((await items.next()).value?.length).toBe(199_800);
    }
    expect(grants).toEqual([200_000, 200_000, 200_000, 200_000, 200_000]);
  });

  test("grows for a consumer that keeps up with joined items", async () => {
    const { items, push, grants } = receiveRaw(200_000, 200_000);
    for (let turn = 0; turn < 2; turn++) {
      for (let nth = 0; nth < 8; nth++) push(Buffer.alloc(9_990));
      await items.next();
    }
    expect(grants).toEqual([360_000]);
  });

  test.each(["return", "abort"] as const)("that has grown returns to the budget on %s", async (how) => {
    const { items, push, budget } = receive(100, 100);
    push(1, 90);
    await items.next();
    expect(budget.take(1)).toBe(false);
    if (how === "return") await items.return();
    else items.abort(GONE);
    expect(budget.take(100)).toBe(true);
  });
});
