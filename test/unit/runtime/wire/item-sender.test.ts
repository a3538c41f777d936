import { describe, expect, test } from "vitest";
import { RpcError } from "../../../../runtime/src/contract/rpc-error.js";
import { ConnectionFlow } from "../../../../runtime/src/wire/flow/connection-flow.js";
import { FrameWriter } from "../../../../runtime/src/wire/frame-writer.js";
import { ItemSender } from "../../../../runtime/src/wire/item-sender.js";
import { failure, within } from "../support/wait.js";
import { Collector } from "./frames.js";

/** Of a peer without a window of the connection. */
const NO_WINDOW = new ConnectionFlow(undefined, () => undefined);

const GONE = new RpcError("CANCELLED", "gone");

function sender(credit: number, maxItem = 1000) {
  const received = new Collector();
  const writer = new FrameWriter((chunk) => void received.push(chunk));
  const it = new ItemSender(writer, { id: 7, credit, maxItem, flow: NO_WINDOW });
  return {
    it,
    gate: writer.gate,
    frames: () => {
      writer.flush();
      return received.frames.map(({ kind, id, payload }) => [kind, id, `${payload}`]);
    },
  };
}

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(
    () => (done = true),
    () => (done = true),
  );
  await new Promise((resolve) => setTimeout(resolve, 2));
  return done;
}

test("sends items and the end as frames of the call", () => {
  const { it, frames } = sender(100);
  it.send("☺");
  it.sendBytes(Buffer.from("raw"), 0);
  it.end();
  expect(frames()).toEqual([
    [3, 7, "☺"],
    [3, 7, "raw"],
    [4, 7, ""],
  ]);
});

test("rejects an item over the limit before it is sent", () => {
  const { it, frames } = sender(10_000, 5);
  it.send("12345");
  expect(() => it.send("123456")).toThrow("the item has 6 bytes; the limit is 5");
  expect(() => it.send("☺☺")).toThrow("the item has 6 bytes");
  expect(frames()).toHaveLength(1);
});

test("splits raw bytes into frames that fill packets of 32 KiB, or smaller ones if the peers accept less", () => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
  for (const [maxItem, largest] of [
    [1 << 20, 32_758],
    [30_000, 30_000],
  ] as const) {
    const received = new Collector();
    const chunks: number[] = [];
    const writer = new FrameWriter((chunk) => {
      chunks.push(chunk.length);
      received.push(chunk);
    });
    const it = new ItemSender(writer, { id: 7, credit: 1 << 20, maxItem, flow: NO_WINDOW });
    for (let at = 0; at < bytes.length; ) at = it.sendBytes(bytes, at);
    writer.flush();
    const sizes = received.frames.map(({ payload }) => payload.length);
    expect(sizes.slice(0, 2)).toEqual([largest, largest]);
    expect(Math.max(...sizes)).toBe(largest);
    expect(Buffer.concat(received.frames.map(({ payload }) => payload)).equals(bytes)).toBe(true);
    expect(Math.max(...chunks)).toBeLessThanOrEqual(32_768);
  }
});

test("fills a packet with the end of one item and the start of the next", async () => {
  const chunks: number[] = [];
  const writer = new FrameWriter((chunk) => void chunks.push(chunk.length));
  const it = new ItemSender(writer, { id: 7, credit: 1 << 20, maxItem: 1 << 20, flow: NO_WINDOW });
  const bytes = Buffer.alloc(65_536);
  for (let item = 0; item < 4; item++) {
    for (let at = 0; at < bytes.length; ) at = it.sendBytes(bytes, at);
  }
  writer.flush();
  expect(chunks.slice(0, -1).every((size) => size === 32_768)).toBe(true);
  expect(chunks).toHaveLength(9);
});

describe("credit", () => {
  test("covers the item that exceeds it, and then makes the sender wait", async () => {
    const { it } = sender(21);
    it.send("x");
    expect(it.begin()).toBe(true);
    it.send("x".repeat(500));
    expect(it.begin()).toBe(false);
    const ready = it.ready();
    it.grant(499);
    expect(await settled(ready)).toBe(false);
    it.grant(3);
    await within("ready", ready);
    expect(it.begin()).toBe(true);
  });

  test("of 0 blocks the sender", async () => {
    const { it } = sender(0);
    expect(it.begin()).toBe(false);
    expect(await settled(it.ready())).toBe(false);
  });

  test("over the maximum is a protocol error", () => {
    const { it } = sender(10);
    it.grant(0x7fff_ffff - 10);
    expect(() => it.grant(1)).toThrow("credit of 2147483648 bytes for call 7");
  });

  test("has the same maximum for the sum of several grants", () => {
    const { it } = sender(10);
    expect(() => {
      for (let count = 0; count < 3; count++) it.grant(0x7fff_ffff / 2);
    }).toThrow("credit of");
  });
});

describe("a full transport", () => {
  test("blocks senders, with or without credit", async () => {
    const { it, gate } = sender(100);
    gate.fill();
    expect(it.begin()).toBe(false);
    const ready = it.ready();
    it.grant(1);
    expect(await settled(ready)).toBe(false);
    gate.drain();
    await within("ready", ready);
  });

  test("blocks a sender again if it fills up before the sender's turn", async () => {
    const { it, gate } = sender(100);
    gate.fill();
    const ready = it.ready();
    gate.drain();
    gate.fill();
    expect(await settled(ready)).toBe(false);
    gate.drain();
    await within("ready", ready);
  });
});

describe("a call that ends", () => {
  test.each([0, 100])("rejects a pending sender with the reason, with %i bytes of credit", async (credit) => {
    const { it, gate } = sender(credit);
    gate.fill();
    const ready = it.ready();
    let closed = 0;
    it.listenForClose(() => closed++);
    it.close(GONE);
    it.close(new RpcError("INTERNAL"));
    expect(await failure(ready)).toBe(GONE);
    expect(await failure(it.ready())).toBe(GONE);
    expect(closed).toBe(1);
    expect(it.closed && !it.begin()).toBe(true);
  });

  test("does not send END", () => {
    const { it, frames } = sender(100);
    it.close(GONE);
    it.end();
    expect(frames()).toEqual([]);
  });
});
