import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { encodeFrame } from "../../../../runtime/src/wire/encode.js";
import { FRAME } from "../../../../runtime/src/wire/frame.js";
import { FrameWriter } from "../../../../runtime/src/wire/frame-writer.js";
import { SLAB_SIZE } from "../../../../runtime/src/wire/slab.js";
import { Collector } from "./frames.js";

const KIB = 1024;
const cancel = (id: number) => ({ kind: FRAME.CANCEL, id });
const item = (id: number, size: number) => ({ kind: FRAME.ITEM, id, body: "x".repeat(size) });

function batch(): { batch: FrameWriter; writes: Buffer[]; ids: () => number[] } {
  const writes: Buffer[] = [];
  const ids = () => new Collector(1 << 24).push(Buffer.concat(writes)).frames.map(({ id }) => id);
  return { batch: new FrameWriter((chunk) => writes.push(chunk)), writes, ids };
}

test("sends the first frame of an idle turn at once, and the rest of the turn in one write", async () => {
  const { batch: sent, writes, ids } = batch();
  sent.add(cancel(1));
  expect(writes).toHaveLength(1);
  for (let id = 2; id <= 100; id++) sent.add(cancel(id));
  expect(writes).toHaveLength(1);
  await turn();
  await turn();
  expect(writes).toHaveLength(2);
  expect(ids()).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});

test("sends a frame at once again after an idle turn", async () => {
  const { batch: sent, writes } = batch();
  sent.add(cancel(1));
  await turn();
  await turn();
  sent.add(cancel(2));
  expect(writes).toHaveLength(2);
});

test("sends 16 KiB before the turn ends", () => {
  const { batch: sent, writes } = batch();
  sent.add(cancel(1));
  for (let id = 2; id <= 41; id++) sent.add(item(id, KIB));
  expect(writes.map(({ length }) => length)).toEqual([10, 16 * 1034, 16 * 1034]);
});

test("writes a frame larger than a slab in full packets, in order, while it is written", async () => {
  const { batch: sent, ids, writes } = batch();
  sent.add(cancel(1));
  sent.add(cancel(2));
  sent.add(item(3, 300 * KIB));
  expect(writes.slice(1).map(({ length }) => length)).toEqual([32 * KIB, 32 * KIB - 10, ...Array(7).fill(32 * KIB)]);
  sent.add(cancel(4));
  await turn();
  await turn();
  expect(ids()).toEqual([1, 2, 3, 4]);
});

test.each(["a", "é", "€", "😈", "\ud83d", "\ude08", "ab€😈é"])("keeps a large text of %j whole", async (characters) => {
  for (let shift = 0; shift < 4; shift++) {
    const { batch: sent, writes } = batch();
    const frame = { ...item(1, 0), body: "x".repeat(shift) + characters.repeat(70_000) };
    sent.add(frame);
    await turn();
    expect(Buffer.concat(writes).equals(encodeFrame(frame))).toBe(true);
    expect(Math.max(...writes.map(({ length }) => length))).toBeLessThanOrEqual(32 * KIB);
  }
});

test("keeps many frames of all sizes whole and in order", async () => {
  const { batch: sent, writes } = batch();
  const frames = Array.from({ length: 500 }, (_, index) => item(index + 1, (index * 7919) % 40_000));
  for (const [index, frame] of frames.entries()) {
    sent.add(frame);
    if (index % 50 === 0) await turn();
  }
  await turn();
  await turn();
  expect(Buffer.concat(writes).equals(Buffer.concat(frames.map(encodeFrame)))).toBe(true);
});

test("is not affected by later changes of a body, or by later frames", async () => {
  const { batch: sent, writes } = batch();
  const body = Buffer.from("before");
  sent.add(cancel(1));
  sent.add({ kind: FRAME.ITEM, id: 3, body });
  body.write("after!");
  sent.flush();
  for (let id = 5; id < 5000; id += 2) sent.add(item(id, 100));
  expect(writes[1]?.subarray(10).toString()).toBe("before");
});

test("never sends discarded frames", async () => {
  const { batch: sent, ids } = batch();
  sent.add(cancel(1));
  sent.add(cancel(2));
  sent.discard();
  await turn();
  await turn();
  expect(ids()).toEqual([1]);
});

test("has room for text of three bytes for each character", () => {
  const { batch: sent, writes } = batch();
  const body = "☺".repeat(30_000);
  sent.add({ kind: FRAME.ITEM, id: 1, body });
  sent.flush();
  expect(Buffer.concat(writes).subarray(10).toString()).toBe(body);
});

/** The bytes of an item that fills a part of a slab. */
const PIECE = 20_000;

/** Sends pieces that all differ over a transport that releases each chunk by `take`; returns the received items. */
async function send(pieces: number, take: (taken: (error?: Error) => void, nth: number) => void) {
  const received = new Collector();
  const held: { readonly chunk: Buffer; readonly sum: number }[] = [];
  const memory = new Set<ArrayBufferLike>();
  const sum = (chunk: Buffer) => chunk.reduce((total, byte) => (total * 31 + byte) % 1_000_003, 7);
  let writes = 0;
  const batch = new FrameWriter((chunk, taken) => {
    memory.add(chunk.buffer);
    received.push(Buffer.from(chunk));
    const entry = { chunk, sum: sum(chunk) };
    held.push(entry);
    take((error) => {
      // The chunk must be unchanged until the transport releases it.
      expect(sum(chunk)).toBe(entry.sum);
      held.splice(held.indexOf(entry), 1);
      taken(error);
    }, writes++);
  });
  for (let nth = 0; nth < pieces; nth++) {
    batch.add({ kind: FRAME.ITEM, id: 7, body: Buffer.alloc(PIECE, nth) });
    await turn();
  }
  batch.flush();
  for (const { chunk, sum: before } of held) expect(sum(chunk)).toBe(before);
  return { items: received.frames.map(({ payload }) => payload[0]), memory };
}

test("reuses memory once the transport has released it", async () => {
  const { items, memory } = await send(100, (taken) => taken());
  expect(items).toEqual(Array.from({ length: 100 }, (_, nth) => nth));
  expect(memory.size).toBeLessThan((100 * PIECE) / SLAB_SIZE / 2);
});

test("does not reuse memory that a slow transport still holds", async () => {
  const waiting: (() => void)[] = [];
  await send(100, (taken) => {
    waiting.push(taken);
    if (waiting.length > 20) waiting.shift()?.();
  });
  for (const taken of waiting) taken();
});

test("never reuses memory that a failed transport may still hold", async () => {
  const { memory } = await send(40, (taken) => taken(new Error("gone")));
  const lost = memory;
  const { memory: later } = await send(40, (taken) => taken());
  expect([...later].filter((one) => lost.has(one))).toEqual([]);
});

test("never reuses memory that is shared with the peer", async () => {
  const written: Buffer[] = [];
  const batch = new FrameWriter(
    (chunk, taken) => {
      written.push(chunk);
      taken();
    },
    { reuseMemory: "never" },
  );
  for (let nth = 0; nth < 200; nth++) {
    // Small and large frames, which are stored differently.
    batch.add({ kind: FRAME.ITEM, id: 7, body: Buffer.alloc(nth % 2 === 0 ? 100 : PIECE, nth) });
    if (nth % 3 === 0) await turn();
  }
  batch.flush();
  const received = new Collector();
  for (const chunk of written) received.push(Buffer.from(chunk));
  expect(received.frames.map(({ payload }) => payload[0])).toEqual(Array.from({ length: 200 }, (_, nth) => nth));
});
