import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { encodeFrame, maxFrameSize } from "../../../../runtime/src/wire/encode.js";
import { FRAME } from "../../../../runtime/src/wire/frame.js";
import { PREAMBLE } from "../../../../runtime/src/wire/preamble.js";
import { Collector } from "./frames.js";
import { PREAMBLE_HEX, VECTORS } from "./vectors.js";

const protocol = readFileSync(new URL("../../../../PROTOCOL.md", import.meta.url), "utf8").replaceAll(" ", "");

test("each kind of frame has a vector", () => {
  expect(new Set(VECTORS.map(({ frame }) => frame.kind))).toEqual(new Set(Object.values(FRAME)));
});

test("the preamble is eight bytes", () => {
  expect(Buffer.from(PREAMBLE).toString("hex")).toBe(PREAMBLE_HEX);
  expect(protocol.includes(PREAMBLE_HEX)).toBe(true);
});

describe.each(VECTORS)("$name", ({ frame, hex }) => {
  test("encodes as these bytes", () => {
    expect(encodeFrame(frame).toString("hex")).toBe(hex);
    expect(maxFrameSize(frame)).toBeGreaterThanOrEqual(hex.length / 2);
  });

  test("decodes from these bytes", () => {
    const { frames } = new Collector().push(Buffer.from(hex, "hex"));
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject({ kind: frame.kind, id: frame.id, payload: Buffer.from(hex.slice(20), "hex") });
  });

  test("is listed in PROTOCOL.md", () => {
    expect(protocol.includes(hex)).toBe(true);
  });
});
