import { expect, test } from "vitest";
import { ItemQueue } from "../../../../runtime/src/wire/item-queue.js";

const view = (size: number, fill: number) => ({
  buffer: Buffer.alloc(size, fill),
  start: 0,
  end: size,
  flags: fill % 2,
});

/** The next item. The flags of an item are those of its fill. */
function taken(queue: ItemQueue): { readonly size: number; readonly fill: number | undefined } | undefined {
  const item = queue.shift();
  if (item === undefined) return undefined;
  const fill = item.start === item.end ? undefined : item.buffer[item.start];
  if (fill !== undefined) expect(item.flags).toBe(fill % 2);
  return { size: item.end - item.start, fill };
}

test.each([false, true])("a large item after small ones that were taken is returned whole (raw bytes: %s)", (isRaw) => {
  const queue = new ItemQueue({ isRaw });
  queue.push(view(100, 1));
  queue.push(view(0, 1));
  expect([taken(queue), taken(queue)]).toEqual([{ size: 100, fill: 1 }, { size: 0 }]);
  for (const size of [20_000, 5000, 600, 100]) {
    queue.push(view(size, 2));
    queue.keep();
    expect(taken(queue)).toEqual({ size, fill: 2 });
    expect(queue.size).toBe(0);
  }
});

test.each([false, true])(
  "items of any size come out as they went in, in any order of both (raw bytes: %s)",
  (isRaw) => {
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const sizes = [0, 1, 60, 100, 510, 511, 3000, 4094, 4095, 16_000, 16_382, 16_383, 20_000];
    const queues = Array.from({ length: 5 }, () => ({ queue: new ItemQueue({ isRaw }), model: [] as object[] }));
    for (let step = 0; step < 20_000; step++) {
      const { queue, model } = queues[random(queues.length)] as (typeof queues)[number];
      const kind = random(20);
      if (kind === 0) {
        queue.clear();
        model.length = 0;
      } else if (kind === 1) queue.keep();
      else if (kind < 11 && model.length < 40) {
        const [size, fill] = [sizes[random(sizes.length)] as number, random(256)];
        queue.push(view(size, fill));
        model.push({ size, fill: size === 0 ? undefined : fill });
      } else expect(taken(queue)).toEqual(model.shift());
      expect(queue.size).toBe(model.length);
    }
  },
);

test.each([false, true])(
  "items of one chunk are kept without it, wherever they were split (raw bytes: %s)",
  (isRaw) => {
    const frames = [3, 0, 70, 9000, 200, 12_000].map((size, fill) => ({ size, fill: size === 0 ? undefined : fill }));
    for (let count = 0; count <= frames.length; count++) {
      const chunk = Buffer.concat(
        frames.map(({ size, fill = 0 }) => {
          const frame = Buffer.alloc(10 + size, fill);
          frame.writeUInt32BE(size);
          frame[5] = fill % 2;
          return frame;
        }),
      );
      const queue = new ItemQueue({ isRaw });
      let at = 0;
      for (const { size, fill = 0 } of frames) {
        queue.push({ buffer: chunk, start: at + 10, end: at + 10 + size, flags: fill % 2 });
        at += 10 + size;
      }
      for (const frame of frames.slice(0, count)) expect(taken(queue)).toEqual(frame);
      const rest = frames.slice(count);
      expect(queue.keep()).toBe(rest.reduce((sum, { size }) => sum + 10 + size, 0));
      expect(queue.keep()).toBe(0);
      if (!isRaw) chunk.fill(0xff);
      queue.push(view(5, 9));
      for (const frame of rest) expect(taken(queue)).toEqual(frame);
      expect([taken(queue), taken(queue), queue.size]).toEqual([{ size: 5, fill: 9 }, undefined, 0]);
    }
  },
);
