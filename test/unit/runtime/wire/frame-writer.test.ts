import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { encodeFrame } from "../../../../runtime/src/wire/encode.js";
import { FRAME } from "../../../../runtime/src/wire/frame.js";
import { FrameWriter } from "../../../../runtime/src/wire/frame-writer.js";
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

test("writes a frame larger than a slab on its own, in order", async () => {
  const { batch: sent, ids, writes } = batch();
  sent.add(cancel(1));
  sent.add(cancel(2));
  sent.add(item(3, 300 * KIB));
  sent.add(cancel(4));
  await turn();
  await turn();
  expect(ids()).toEqual([1, 2, 3, 4]);
  expect(writes).toHaveLength(4);
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
  expect(writes[0]?.subarray(10).toString()).toBe(body);
});
