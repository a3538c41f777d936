import { readLines, readRecords } from "sshrpc/client";
import { describe, expect, test } from "vitest";
import { failure } from "../support/wait.js";

/** Splits a text into chunks of `size` bytes; the last one may be shorter. */
function* chunks(text: string, size: number): Generator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe("readLines", () => {
  test("yields whole lines wherever the chunks are split, also within a character", async () => {
    const lines = ["first", "", "grüße ☺", "a".repeat(1000), "last"];
    const text = lines.join("\n");
    for (const size of [1, 2, 3, 7, 64, 100_000]) expect(await all(readLines(chunks(text, size)))).toEqual(lines);
  });

  test("removes one carriage return at the end of a line", async () => {
    expect(await all(readLines(chunks("a\r\nb\rc\r\n", 2)))).toEqual(["a", "b\rc"]);
  });

  test("yields no line of an empty stream, and a last line without a line feed", async () => {
    expect(await all(readLines([]))).toEqual([]);
    expect(await all(readLines(chunks("a\n", 1)))).toEqual(["a"]);
    expect(await all(readLines(chunks("a\nb", 1)))).toEqual(["a", "b"]);
  });

  test("fails with MESSAGE_TOO_LARGE before an oversized line fills the memory", async () => {
    expect(await all(readLines(chunks("12345\n12345", 3), { maxRecord: 5 }))).toEqual(["12345", "12345"]);
    let taken = 0;
    const endless = (function* () {
      for (;;) {
        taken += 1000;
        yield Buffer.alloc(1000, "x");
      }
    })();
    expect(await failure(all(readLines(endless, { maxRecord: 10_000 })))).toMatchObject({
      status: "MESSAGE_TOO_LARGE",
      message: "a record is longer than 10000 bytes (maxRecord)",
    });
    expect(taken).toBeLessThan(13_000);
    expect(await failure(all(readLines(chunks("123456\n", 100), { maxRecord: 5 })))).toMatchObject({
      status: "MESSAGE_TOO_LARGE",
    });
  });

  test("keeps no memory for empty chunks", async () => {
    const source = (function* () {
      yield Buffer.from("fi");
      for (let count = 0; count < 1_000_000; count++) yield Buffer.alloc(0);
      yield Buffer.from("rst\nlast");
    })();
    const before = process.memoryUsage().rss;
    expect(await all(readLines(source))).toEqual(["first", "last"]);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });

  test("keeps yielded records unchanged when later chunks arrive", async () => {
    const records = await all(readRecords(chunks("first\nsecond\nthird", 4)));
    expect(records.map(String)).toEqual(["first", "second", "third"]);
  });

  test("ends the source when the iteration is left", async () => {
    let left = false;
    const source = (async function* () {
      try {
        for (;;) yield Buffer.from("line\n");
      } finally {
        left = true;
      }
    })();
    for await (const _line of readLines(source)) break;
    expect(left).toBe(true);
  });

  test("accepts a source that reuses its chunk buffer", async () => {
    const memory = Buffer.alloc(4);
    const source = (async function* () {
      for (const text of ["ab\nc", "defg", "h\nij"]) {
        memory.write(text);
        yield memory;
      }
    })();
    expect(await all(readLines(source))).toEqual(["ab", "cdefgh", "ij"]);
  });
});

test("readRecords accepts any separator, also one that spans two chunks", async () => {
  const records = ["a", "b--b", "", "c-"];
  const text = records.join("---");
  for (const size of [1, 2, 3, 4, 100]) {
    const found = await all(readRecords(chunks(text, size), { separator: "---" }));
    expect(found.map(String)).toEqual(["a", "b--b", "", "c-"]);
  }
  expect(await all(readRecords([Uint8Array.of(1, 0, 2)], { separator: Uint8Array.of(0) }))).toEqual([
    Buffer.from([1]),
    Buffer.from([2]),
  ]);
  expect(await failure(all(readRecords([], { separator: "" })))).toMatchObject({ status: "BAD_REQUEST" });
});

test("a short record retains only the memory of its chunk", async () => {
  const records = await all(readRecords([Buffer.from("a\nb"), Buffer.from("c\nd")]));
  expect(records.map(String)).toEqual(["a", "bc", "d"]);
  for (const record of records) expect(record.buffer.byteLength).toBeLessThan(10);
});
