import { describe, expect, test } from "vitest";
import { decodeJson, encodeJson, parseJson } from "../../../../runtime/src/codec/json.js";
import { RpcError } from "../../../../runtime/src/contract/rpc-error.js";

const refusal = (text: string): RpcError => {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof RpcError) return error;
  }
  throw new Error(`${text} was taken`);
};

describe("reading JSON", () => {
  test("takes what stands between two places of a buffer", () => {
    const buffer = Buffer.from('xx{"a":"☺😈"}yy');
    expect(decodeJson(buffer, 2, buffer.length - 2)).toEqual({ a: "☺😈" });
  });

  test.each(["", "{", "{'a':1}", "[1,]", "NaN", "undefined", "01", '"\n"', "{} {}"])(
    "refuses %j as BAD_REQUEST",
    (text) => {
      expect(refusal(text)).toMatchObject({ status: "BAD_REQUEST", message: expect.stringMatching(/^no JSON that/) });
    },
  );

  // Every spelling that JSON allows of the key: each letter as itself or as an escape, in either case.
  test.each([
    '{"__proto__":{"admin":true}}',
    '{"__proto__" \n\t: {"admin":true}}',
    '{"\\u005f\\u005fproto\\u005f\\u005f":{"admin":true}}',
    '{"\\u005F_proto_\\u005F":{"admin":true}}',
    '{"__\\u0070\\u0072\\u006f\\u0074\\u006F__":{"admin":true}}',
    '{"a":[{"b":{"__proto__":null}}]}',
    '{"constructor":{"prototype":{"admin":true}}}',
    '{"\\u0063onstructor":{"prototyp\\u0065":{"admin":true}}}',
  ])("refuses a key that would change a prototype: %s", (text) => {
    expect(refusal(text).status).toBe("BAD_REQUEST");
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("takes these words as values, and a harmless constructor as a key", () => {
    expect(parseJson('{"a":"__proto__","constructor":"Gaudí"}')).toEqual({ a: "__proto__", constructor: "Gaudí" });
  });

  test("survives a nesting that is deeper than any stack", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    expect(() => parseJson(deep)).not.toThrow(RangeError);
  });

  test("reads numbers as JavaScript does: 2^53+1 has become 2^53, which is no safe integer any more", () => {
    expect(Number.isSafeInteger(parseJson("9007199254740993"))).toBe(false);
    expect(parseJson("1e400")).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("writing JSON", () => {
  test("writes nothing as null, and what JSON cannot carry not at all", () => {
    expect(encodeJson(undefined)).toBe("null");
    expect(() => encodeJson({ big: 1n })).toThrow(TypeError);
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => encodeJson(cycle)).toThrow(TypeError);
  });

  test("writes half a surrogate pair so that it comes back", () => {
    expect(decodeJson(Buffer.from(encodeJson("\ud83d")), 0, 8)).toBe("\ud83d");
  });
});
