import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FRAME } from "../../../../runtime/src/wire/frame.js";
import { FrameWriter } from "../../../../runtime/src/wire/frame-writer.js";
import { SLAB_SIZE } from "../../../../runtime/src/wire/slab.js";
import { Collector } from "./frames.js";

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
