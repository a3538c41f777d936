import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FRAME } from "../../../../runtime/src/wire/frame.js";
import { FrameWriter } from "../../../../runtime/src/wire/frame-writer.js";
import { SLAB_SIZE } from "../../../../runtime/src/wire/slab.js";
import { Collector } from "./frames.js";

const PIECE = 20_000;

/** Sends pieces that all differ, by a transport that takes each chunk when it is told to; gives what arrived. */
async function send(pieces: number, take: (taken: (error?: Error) => void, nth: number) => void) {
  const heard = new Collector();
  const held: { readonly chunk: Buffer; readonly sum: number }[] = [];
  const memory = new Set<ArrayBufferLike>();
  const sum = (chunk: Buffer) => chunk.reduce((total, byte) => (total * 31 + byte) % 1_000_003, 7);
  let writes = 0;
  const batch = new FrameWriter((chunk, taken) => {
    memory.add(chunk.buffer);
    heard.push(Buffer.from(chunk));
    const entry = { chunk, sum: sum(chunk) };
    held.push(entry);
    take((error) => {
      // What was handed over must still be what it was when the transport looks at it last.
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
  return { items: heard.frames.map(({ payload }) => payload[0]), memory };
}

test("memory is used again once the transport has taken what was in it", async () => {
  const { items, memory } = await send(100, (taken) => taken());
  expect(items).toEqual(Array.from({ length: 100 }, (_, nth) => nth));
  expect(memory.size).toBeLessThan((100 * PIECE) / SLAB_SIZE / 2);
});

test("memory is not touched while a slow transport still has it", async () => {
  const waiting: (() => void)[] = [];
  await send(100, (taken) => {
    waiting.push(taken);
    if (waiting.length > 20) waiting.shift()?.();
  });
  for (const taken of waiting) taken();
});

test("memory that a failed transport may still hold is never used again", async () => {
  const { memory } = await send(40, (taken) => taken(new Error("gone")));
  const lost = memory;
  const { memory: later } = await send(40, (taken) => taken());
  expect([...later].filter((one) => lost.has(one))).toEqual([]);
});

test("memory that the other side reads as it is is never used again", async () => {
  const written: Buffer[] = [];
  const batch = new FrameWriter(
    (chunk, taken) => {
      written.push(chunk);
      taken();
    },
    { reuseMemory: "never" },
  );
  for (let nth = 0; nth < 200; nth++) {
    // As a handler does that reads into one buffer again and again.
    batch.add({ kind: FRAME.ITEM, id: 7, body: Buffer.alloc(nth % 2 === 0 ? 100 : PIECE, nth) });
    if (nth % 3 === 0) await turn();
  }
  batch.flush();
  const heard = new Collector();
  for (const chunk of written) heard.push(Buffer.from(chunk));
  expect(heard.frames.map(({ payload }) => payload[0])).toEqual(Array.from({ length: 200 }, (_, nth) => nth));
});
