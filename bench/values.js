// What the benchmarks send.

/** 39 bytes of JSON. */
export const ITEM = { id: 7, text: "hello world", ok: true };

const person = (id) => ({
  id,
  name: `Ada Lovelace ${id}`,
  email: `ada.${id}@example.com`,
  score: id + 0.5,
  active: id % 2 === 0,
  tags: ["admin", "team-a"],
});

/** A list of so many elements, each of about 117 bytes of JSON. */
const list = (length) => ({ people: Array.from({ length }, (_, at) => person(1000 + at)) });

/** About 1 KB of JSON. */
export const LIST_1KB = list(8);

/** About 64 KB of JSON. */
export const LIST_64KB = list(522);

/** A string of so many bytes. */
export const text = (size) => ({ text: "x".repeat(size) });

const CHUNK = Buffer.alloc(64 * 1024, 7);

/** Chunks of 64 KiB, `size` bytes together. */
export function* chunksOf(size) {
  for (let left = size; left > 0; left -= CHUNK.length) yield left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left);
}

/** `count` small items. */
export function* itemsOf(count) {
  for (let id = 0; id < count; id++) yield ITEM;
}
