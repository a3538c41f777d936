import { expect, test } from "vitest";
import { decodeItem, encodeItem } from "../../../../runtime/src/codec/items.js";
import { RpcError } from "../../../../runtime/src/contract/rpc-error.js";

test.each([["text"], [7], [null], [undefined], [[1]], [{ length: 1 }], [new ArrayBuffer(1)], [new Uint16Array(1)]])(
  "what is no bytes is refused: %s",
  (item) => {
    expect(() => encodeItem(item, "bytes", "BAD_REQUEST")).toThrow("must be a Uint8Array, not");
  },
);

test.each(["BAD_REQUEST", "INTERNAL"] as const)(
  "an item that JSON cannot carry is %s, as whose fault it is",
  (status) => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    for (const item of [1n, cycle, () => 1]) {
      expect(() => encodeItem(item, () => true, status)).toThrow(expect.objectContaining({ status }));
    }
  },
);

test("few raw bytes are copied out of a large chunk, which they would keep; many are not", () => {
  const chunk = Buffer.allocUnsafeSlow(100_000).fill("x");
  const few = decodeItem(chunk, 10, 20, "bytes", "INTERNAL") as Uint8Array;
  expect(`${few}`).toBe("x".repeat(10));
  expect(few.buffer.byteLength).toBe(10);
  expect((decodeItem(chunk, 10, 60_000, "bytes", "INTERNAL") as Uint8Array).buffer).toBe(chunk.buffer);
});

test.each(["BAD_REQUEST", "INTERNAL"] as const)(
  "an item that is no JSON, or nested deeper than the stack goes, is %s, as whose fault it is, and no crash",
  (status) => {
    const deep = (value: unknown): boolean => !Array.isArray(value) || value.every(deep);
    for (const text of ["{", "[".repeat(200_000) + "]".repeat(200_000)]) {
      let error: unknown;
      try {
        decodeItem(Buffer.from(text), 0, text.length, deep, status);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(RpcError);
      expect(error).toMatchObject({ status });
    }
  },
);
