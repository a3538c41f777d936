import { describe, expect, test } from "vitest";
import { encodeFrame } from "../../../../runtime/src/wire/encode.js";
import { FRAME, HEADER_SIZE, ProtocolError } from "../../../../runtime/src/wire/frame.js";
import { Collector } from "./frames.js";
import { Random, SEED } from "./random.js";
import { VECTORS } from "./vectors.js";

const sequence = Buffer.concat(VECTORS.map(({ frame }) => encodeFrame(frame)));
const expected = new Collector().push(sequence).frames;

/** A frame's header with these fields, valid or not. */
function header(length: number, kind: number, flags: number, id: number): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE);
  bytes.writeUInt32BE(length, 0);
  bytes[4] = kind;
  bytes[5] = flags;
  bytes.writeUInt32BE(id, 6);
  return bytes;
}

describe("the decoder delivers whole frames", () => {
  test("from one chunk that holds them all", () => {
    expect(expected.map(({ kind, id }) => ({ kind, id }))).toEqual(
      VECTORS.map(({ frame: { kind, id } }) => ({ kind, id })),
    );
  });

  test("from two chunks, at every split point", () => {
    for (let at = 0; at <= sequence.length; at++) {
      expect(new Collector().push(sequence, at || sequence.length, sequence.length).frames).toEqual(expected);
    }
  });

  test.each([1, 2, 3, 7, 9, 10, 11, 64])("from chunks of %i bytes", (size) => {
    expect(new Collector().push(sequence, size).frames).toEqual(expected);
  });

  test(`from chunks of random sizes (TEST_SEED=${SEED})`, () => {
    const random = new Random(SEED);
    for (let round = 0; round < 200; round++) {
      const sizes = Array.from({ length: sequence.length }, () => 1 + random.below(40));
      expect(new Collector().push(sequence, ...sizes).frames).toEqual(expected);
    }
  });

  test("where a large frame arrives in small chunks, with small frames behind it in the last chunk", () => {
    const body = Buffer.alloc(300_000, "x");
    const bytes = Buffer.concat([encodeFrame({ kind: FRAME.ITEM, id: 1, body }), sequence]);
    for (const size of [1000, 32_768, 300_007, 300_011]) {
      const { frames } = new Collector().push(bytes, size);
      expect(frames[0]?.payload.equals(body)).toBe(true);
      expect(frames.slice(1)).toEqual(expected);
    }
  });

  test("where the transport reuses the memory of its chunks", () => {
    const collector = new Collector();
    const shared = Buffer.alloc(3);
    for (let at = 0; at < sequence.length; at += 3) {
      const size = sequence.copy(shared, 0, at, at + 3);
      // The decoder keeps a view of the rest of a chunk, so this copy takes the place of the transport's.
      collector.decoder.push(Buffer.from(shared.subarray(0, size)));
      shared.fill(0xee);
    }
    expect(collector.frames).toEqual(expected);
  });
});

describe("a payload over the limit", () => {
  const big = encodeFrame({ kind: FRAME.OPEN, id: 9, body: "x".repeat(500) });

  test("is reported once and skipped, and the next frame is delivered", () => {
    for (const size of [1, 9, 10, 11, 100, 1000]) {
      const collector = new Collector(100).push(Buffer.concat([big, encodeFrame({ kind: FRAME.CANCEL, id: 1 })]), size);
      expect(collector.oversized).toEqual([{ kind: FRAME.OPEN, id: 9, length: 510 }]);
      expect(collector.frames).toEqual([{ kind: FRAME.CANCEL, flags: 0, id: 1, payload: Buffer.alloc(0) }]);
    }
  });

  test("starts one byte above the limit", () => {
    expect(new Collector(510).push(big).frames).toHaveLength(1);
    expect(new Collector(509).push(big).oversized).toHaveLength(1);
  });

  test("of 4 GiB is not buffered", () => {
    const collector = new Collector(100).push(header(0xffff_ffff, FRAME.ITEM, 0, 1));
    for (let round = 0; round < 100; round++) collector.push(Buffer.alloc(10_000));
    expect(collector).toMatchObject({ frames: [], oversized: [{ length: 0xffff_ffff }] });
  });
});

describe("a malformed header is a protocol error:", () => {
  test.each([
    ["an unknown kind", header(0, 0, 0, 1), "unknown frame kind 0"],
    ["another unknown kind", header(0, 11, 0, 1), "unknown frame kind 11"],
    ["a reserved flag", header(10, FRAME.OPEN, 4, 1), "OPEN with unknown flags 4"],
    ["a flag that its kind does not have", header(0, FRAME.CANCEL, 1, 1), "CANCEL with unknown flags 1"],
    ["an item with metadata", header(0, FRAME.ITEM, 1, 1), "ITEM with unknown flags 1"],
    ["call id 0", header(10, FRAME.OPEN, 0, 0), "OPEN with call id 0"],
    ["HELLO for a call", header(2, FRAME.HELLO, 0, 1), "HELLO with call id 1"],
    ["CLOSE for a call", header(2, FRAME.CLOSE, 0, 7), "CLOSE with call id 7"],
    ["an OPEN without its fields", header(9, FRAME.OPEN, 0, 1), "OPEN of only 9 bytes"],
    ["a STATUS without its number", header(1, FRAME.STATUS, 0, 1), "STATUS of only 1 bytes"],
    ["a CREDIT without its amount", header(0, FRAME.CREDIT, 0, 1), "CREDIT of only 0 bytes"],
  ])("%s", (_, bytes, message) => {
    expect(() => new Collector().push(bytes)).toThrow(new ProtocolError(message));
    expect(() => new Collector().push(bytes, 1)).toThrow(new ProtocolError(message));
  });

  test("detected before its payload has arrived", () => {
    expect(() => new Collector().push(header(1_000_000, 99, 0, 1))).toThrow(ProtocolError);
  });
});

test("a truncated frame is not delivered", () => {
  for (let length = 0; length < sequence.length; length++) {
    const { frames } = new Collector().push(sequence.subarray(0, length));
    expect(frames).toEqual(expected.slice(0, frames.length));
    expect(frames.length).toBeLessThan(expected.length);
  }
});

test(`random bytes decode as frames or throw a ProtocolError (TEST_SEED=${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 3000; round++) {
    const noise = random.bytes(1 + random.below(200));
    // Most random headers fail at the kind, so half of the rounds begin with a good one.
    const bytes =
      round % 2 === 0
        ? noise
        : Buffer.concat([header(random.below(64), 1 + random.below(10), 0, random.below(2)), noise]);
    const collect = (...sizes: number[]): string => {
      const collector = new Collector(64);
      try {
        collector.push(bytes, ...sizes);
        return JSON.stringify([collector.frames, collector.oversized]);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
        return JSON.stringify([collector.frames, collector.oversized, `${error}`]);
      }
    };
    // The result does not depend on the chunks.
    expect(collect(1)).toBe(collect(bytes.length));
    expect(collect(random.below(20) + 1)).toBe(collect(bytes.length));
  }
});

test("a frame that arrives one byte at a time takes memory in proportion to its size", () => {
  const collector = new Collector();
  const length = 800_000;
  collector.push(header(length, FRAME.ITEM, 0, 1));
  const before = process.memoryUsage();
  // Each byte is a view of a larger chunk, as part of a packet.
  for (let at = 0; at < length - 1; at++) collector.decoder.push(Buffer.allocUnsafeSlow(64).subarray(0, 1));
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  expect(heapUsed - before.heapUsed + (arrayBuffers - before.arrayBuffers)).toBeLessThan(80_000_000);
  collector.decoder.push(Buffer.alloc(1));
  expect(collector.frames[0]?.payload).toHaveLength(length);
});
