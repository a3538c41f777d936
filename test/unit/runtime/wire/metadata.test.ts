import { describe, expect, test } from "vitest";
import { RpcError } from "../../../../runtime/src/contract/rpc-error.js";
import { decodeMetadata, encodeMetadata } from "../../../../runtime/src/wire/metadata.js";
import { ProtocolError } from "../../../../runtime/src/wire/protocol-error.js";

const LIMIT = 1000;

function payload(text: string, claimed = Buffer.byteLength(text)): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(claimed);
  return Buffer.concat([size, Buffer.from(text)]);
}

const decode = (bytes: Buffer) => decodeMetadata(bytes, 0, bytes.length, LIMIT);

describe("writing metadata", () => {
  test("lower-cases names and keeps repeated ones, in order", () => {
    expect(encodeMetadata({ "X-Trace": "1", tag: ["a", "", "☺"] }, LIMIT)).toBe(
      '[["x-trace","1"],["tag","a"],["tag",""],["tag","☺"]]',
    );
  });

  test("writes nothing where there is nothing", () => {
    for (const metadata of [undefined, {}, { tag: [] }]) expect(encodeMetadata(metadata, LIMIT)).toBeUndefined();
  });

  test.each(["", "a b", "ü", "a:b", "a\n", "a(b)"])("refuses %j as a name", (name) => {
    expect(() => encodeMetadata({ [name]: "x" }, LIMIT)).toThrow(expect.objectContaining({ status: "BAD_REQUEST" }));
  });

  test("refuses a value that is no text", () => {
    const metadata = { age: 7 } as unknown as Record<string, string>;
    expect(() => encodeMetadata(metadata, LIMIT)).toThrow("metadata: age is no text");
  });

  test("counts bytes: at the limit it passes, over it it is refused", () => {
    const frame = '[["a",""]]'.length;
    expect(encodeMetadata({ a: "x".repeat(LIMIT - frame) }, LIMIT)).toHaveLength(LIMIT);
    expect(() => encodeMetadata({ a: "x".repeat(LIMIT - frame + 1) }, LIMIT)).toThrow(
      expect.objectContaining({ status: "MESSAGE_TOO_LARGE" }),
    );
    expect(() => encodeMetadata({ a: "☺".repeat(LIMIT / 3) }, LIMIT)).toThrow(RpcError);
  });
});

describe("reading metadata", () => {
  test("gives names with their values in order, and where the body begins", () => {
    const bytes = payload('[["a","1"],["b","☺"],["a","2"],["__proto__","3"]]');
    const found = decodeMetadata(Buffer.concat([bytes, Buffer.from("{}")]), 0, bytes.length + 2, LIMIT);
    if (found instanceof RpcError) throw found;
    expect([...found.metadata]).toEqual([
      ["a", ["1", "2"]],
      ["b", ["☺"]],
      ["__proto__", ["3"]],
    ]);
    expect(found.body).toBe(bytes.length);
  });

  test("over the limit it is its call's error, for the other side cannot know the limit", () => {
    expect(decode(payload(`[["a","${"x".repeat(LIMIT)}"]]`))).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
  });

  test.each([
    ["without its length", Buffer.alloc(3)],
    ["longer than its frame", payload("[]", 3)],
    ["of 4 GiB", payload("[]", 0xffff_ffff)],
    ["that is empty", payload("")],
    ["that is no JSON", payload("[")],
    ["that is no list", payload('{"a":"b"}')],
    ["that is null", payload("null")],
    ["of other things than pairs", payload('["a"]')],
    ["of triples", payload('[["a","b","c"]]')],
    ["with an upper-case name", payload('[["A","b"]]')],
    ["with a name that is none", payload('[["a b","c"]]')],
    ["with a name that is no text", payload('[[1,"c"]]')],
    ["with a value that is no text", payload('[["a",1]]')],
  ])("metadata %s breaks the protocol", (_, bytes) => {
    expect(() => decode(bytes)).toThrow(ProtocolError);
  });
});
