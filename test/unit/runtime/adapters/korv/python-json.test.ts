import { describe, expect, test } from "vitest";
import { parsePythonJson } from "../../../../../runtime/src/adapters/korv/python-json.js";

const parse = (text: string): unknown => parsePythonJson(Buffer.from(text));

describe("JSON as Python writes it", () => {
  test("parses NaN and the infinities as null", () => {
    expect(parse('{"a":NaN,"b":[-Infinity,Infinity,1],"c":-1}')).toEqual({ a: null, b: [null, null, 1], c: -1 });
  });

  test("keeps the words NaN and Infinity in strings, also after escaped quotes", () => {
    const value = { NaN: "Infinity", quoted: 'a "NaN" and \\', "\\": ["-Infinity\\"], x: "NaN" };
    expect(parse(JSON.stringify(value))).toEqual(value);
    expect(parse(`{"a":"\\"NaN","b":NaN}`)).toEqual({ a: '"NaN', b: null });
  });

  test("keeps the floats of time.time() to the last digit", () => {
    expect(JSON.stringify(parse("[1700000000.1234567,1e-07,1.0]"))).toBe("[1700000000.1234567,1e-7,1]");
  });

  test.each(["", "{", "NaNa", "{'a':1}", "nan", '{"a":NaN', '"NaN'])("is refused if it is invalid: %j", (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ status: "BAD_REQUEST" }));
  });

  test("is refused if it is not UTF-8, or has the key __proto__", () => {
    expect(() => parsePythonJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(/not UTF-8/);
    expect(() => parse('{"__proto__":{"x":1}}')).toThrow(expect.objectContaining({ status: "BAD_REQUEST" }));
  });

  test("is parsed in linear time, also with long strings and unclosed quotes", () => {
    expect(parse(`["${"\\\\".repeat(1 << 20)}",NaN]`)).toHaveLength(2);
    expect(() => parse(`["NaN${"x".repeat(1 << 22)}`)).toThrow(expect.objectContaining({ status: "BAD_REQUEST" }));
  });
});
