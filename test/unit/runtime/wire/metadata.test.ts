import { describe, expect, test } from "vitest";
import { RpcError } from "../../../../runtime/src/contract/rpc-error.js";
import { FrameView, ProtocolError } from "../../../../runtime/src/wire/frame.js";
import { decodeMetadata, encodeMetadata } from "../../../../runtime/src/wire/metadata.js";

const LIMIT = 1000;

function payload(text: string, claimed = Buffer.byteLength(text)): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(claimed);
  return Buffer.concat([size, Buffer.from(text)]);
}

function viewOf(payload: Buffer): FrameView {
  return Object.assign(new FrameView(), { buffer: payload, start: 0, end: payload.length });
}

const decode = (bytes: Buffer) => decodeMetadata(viewOf(bytes), LIMIT);

describe("encoding metadata", () => {
  test("lowercases names, and keeps repeated ones in order", () => {
    expect(encodeMetadata({ "X-Trace": "1", tag: ["a", "", "☺"] }, LIMIT)).toBe(
      '[["x-trace","1"],["tag","a"],["tag",""],["tag","☺"]]',
    );
  });

  test("returns undefined for empty metadata", () => {
    for (const metadata of [undefined, {}, { tag: [] }]) expect(encodeMetadata(metadata, LIMIT)).toBeUndefined();
  });

  test.each(["", "a b", "ü", "a:b", "a\n", "a(b)"])("rejects the name %j", (name) => {
    expect(() => encodeMetadata({ [name]: "x" }, LIMIT)).toThrow(expect.objectContaining({ status: "BAD_REQUEST" }));
  });

  test("rejects a value that is not a string", () => {
    const metadata = { age: 7 } as unknown as Record<string, string>;
    expect(() => encodeMetadata(metadata, LIMIT)).toThrow('metadata: the value of "age" must be a string');
  });

  test("counts bytes, and rejects more than the limit", () => {
    const frame = '[["a",""]]'.length;
    expect(encodeMetadata({ a: "x".repeat(LIMIT - frame) }, LIMIT)).toHaveLength(LIMIT);
    expect(() => encodeMetadata({ a: "x".repeat(LIMIT - frame + 1) }, LIMIT)).toThrow(
      expect.objectContaining({ status: "MESSAGE_TOO_LARGE" }),
    );
    expect(() => encodeMetadata({ a: "☺".repeat(LIMIT / 3) }, LIMIT)).toThrow(RpcError);
  });
});

describe("decoding metadata", () => {
  test("returns names with their values in order, and leaves the body", () => {
    const bytes = payload('[["a","1"],["b","☺"],["a","2"],["__proto__","3"]]');
    const frame = viewOf(Buffer.concat([bytes, Buffer.from("{}")]));
    const metadata = decodeMetadata(frame, LIMIT);
    if (metadata instanceof RpcError) throw metadata;
    expect([...metadata]).toEqual([
      ["a", ["1", "2"]],
      ["b", ["☺"]],
      ["__proto__", ["3"]],
    ]);
    expect([frame.start, frame.takeText()]).toEqual([bytes.length, "{}"]);
  });

  test("returns the error of the call where it is over the limit, which the peer cannot know", () => {
    expect(decode(payload(`[["a","${"x".repeat(LIMIT)}"]]`))).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
  });

  test.each([
    ["without its length", Buffer.alloc(3)],
    ["longer than its frame", payload("[]", 3)],
    ["of 4 GiB", payload("[]", 0xffff_ffff)],
    ["that is empty", payload("")],
    ["that is invalid JSON", payload("[")],
    ["that is not a list", payload('{"a":"b"}')],
    ["that is null", payload("null")],
    ["that is not a list of pairs", payload('["a"]')],
    ["of triples", payload('[["a","b","c"]]')],
    ["with an uppercase name", payload('[["A","b"]]')],
    ["with an invalid name", payload('[["a b","c"]]')],
    ["with a name that is not a string", payload('[[1,"c"]]')],
    ["with a value that is not a string", payload('[["a",1]]')],
  ])("rejects metadata %s as a protocol error", (_, bytes) => {
    expect(() => decode(bytes)).toThrow(ProtocolError);
  });
});
