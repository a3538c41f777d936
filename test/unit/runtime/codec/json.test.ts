import { RpcError } from "sshrpc/server";
import { describe, expect, test } from "vitest";
import { jsonCodec, parseJson } from "../../../../runtime/src/codec/json.js";

const rejection = (text: string): RpcError => {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof RpcError) return error;
  }
  throw new Error(`${text} was accepted`);
};

describe("decoding JSON", () => {
  test("reads a range of a buffer", () => {
    const buffer = Buffer.from('xx{"a":"☺😈"}yy');
    expect(jsonCodec.decode({ buffer, start: 2, end: buffer.length - 2 })).toEqual({ a: "☺😈" });
  });

  test.each(["", "{", "{'a':1}", "[1,]", "NaN", "undefined", "01", '"\n"', "{} {}"])(
    "rejects %j as BAD_REQUEST",
    (text) => {
      expect(rejection(text)).toMatchObject({
        status: "BAD_REQUEST",
        message: expect.stringMatching(/^invalid JSON at line 1, column \d+: unexpected (token|end)/),
      });
    },
  );

  // JSON allows each letter of the key as itself or as an escape, in either case.
  test.each([
    '{"__proto__":{"admin":true}}',
    '{"__proto__" \n\t: {"admin":true}}',
    '{"\\u005f\\u005fproto\\u005f\\u005f":{"admin":true}}',
    '{"\\u005F_proto_\\u005F":{"admin":true}}',
    '{"__\\u0070\\u0072\\u006f\\u0074\\u006F__":{"admin":true}}',
    '{"a":[{"b":{"__proto__":null}}]}',
    '{"constructor":{"prototype":{"admin":true}}}',
    '{"\\u0063onstructor":{"prototyp\\u0065":{"admin":true}}}',
  ])("rejects a key that could change a prototype: %s", (text) => {
    expect(rejection(text)).toMatchObject({
      status: "BAD_REQUEST",
      message: 'invalid JSON: the key "__proto__", and "constructor" with a "prototype", are forbidden',
    });
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("accepts these words as values, and a harmless constructor as a key", () => {
    expect(parseJson('{"a":"__proto__","constructor":"Gaudí"}')).toEqual({ a: "__proto__", constructor: "Gaudí" });
  });

  test("does not overflow the stack on deep nesting", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    expect(() => parseJson(deep)).not.toThrow(RangeError);
  });

  test("reads numbers as JavaScript does: 2^53+1 becomes 2^53, which is not a safe integer", () => {
    expect(Number.isSafeInteger(parseJson("9007199254740993"))).toBe(false);
    expect(parseJson("1e400")).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("encoding JSON", () => {
  test("writes undefined as null, and rejects values that JSON cannot represent", () => {
    expect(jsonCodec.encode(undefined)).toBe("null");
    expect(() => jsonCodec.encode({ big: 1n })).toThrow(TypeError);
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => jsonCodec.encode(cycle)).toThrow(TypeError);
  });

  test("round-trips half a surrogate pair", () => {
    expect(jsonCodec.decode({ buffer: Buffer.from(jsonCodec.encode("\ud83d") as string), start: 0, end: 8 })).toBe(
      "\ud83d",
    );
  });
});
