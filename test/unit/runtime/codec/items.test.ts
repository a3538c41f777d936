import { RpcError } from "sshrpc/server";
import { expect, test } from "vitest";
import { decodeItem, encodeItem } from "../../../../runtime/src/codec/items.js";
import { jsonCodec } from "../../../../runtime/src/codec/json.js";

const BYTES = { type: "bytes", codec: jsonCodec, status: "BAD_REQUEST" } as const;

test.each([["text"], [7], [null], [undefined], [[1]], [{ length: 1 }], [new ArrayBuffer(1)], [new Uint16Array(1)]])(
  "rejects %s as an item of raw bytes",
  (item) => {
    expect(() => encodeItem(item, BYTES)).toThrow("must be a Uint8Array, not");
  },
);

test.each(["BAD_REQUEST", "INTERNAL"] as const)("rejects an item that JSON cannot represent as %s", (status) => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (const item of [1n, cycle, () => 1]) {
    expect(() => encodeItem(item, { type: () => true, codec: jsonCodec, status })).toThrow(
      expect.objectContaining({ status }),
    );
  }
});

test("copies few raw bytes out of a large chunk, which a view would keep in memory; not many", () => {
  const chunk = Buffer.allocUnsafeSlow(100_000).fill("x");
  const few = decodeItem({ buffer: chunk, start: 10, end: 20 }, BYTES) as Uint8Array;
  expect(`${few}`).toBe("x".repeat(10));
  expect(few.buffer.byteLength).toBe(10);
  expect((decodeItem({ buffer: chunk, start: 10, end: 60_000 }, BYTES) as Uint8Array).buffer).toBe(chunk.buffer);
});

test.each(["BAD_REQUEST", "INTERNAL"] as const)(
  "rejects an item that is invalid JSON, or nested deeper than the stack, as %s",
  (status) => {
    const deep = (value: unknown): boolean => !Array.isArray(value) || value.every(deep);
    for (const text of ["{", "[".repeat(200_000) + "]".repeat(200_000)]) {
      let error: unknown;
      try {
        decodeItem({ buffer: Buffer.from(text), start: 0, end: text.length }, { type: deep, codec: jsonCodec, status });
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(RpcError);
      expect(error).toMatchObject({ status });
    }
  },
);
