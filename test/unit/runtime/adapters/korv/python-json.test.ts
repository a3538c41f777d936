import { describe, expect, test } from "vitest";
import { parsePythonJson } from "../../../../../runtime/src/adapters/korv/python-json.js";

const parse = (text: string): unknown => parsePythonJson(Buffer.from(text));

describe("JSON as Python writes it", () => {
  test("may have NaN and the infinities, which become null", () => {
    expect(parse('{"a":NaN,"b":[-Infinity,Infinity,1],"c":-1}')).toEqual({ a: null, b: [null, null, 1], c: -1 });
  });

  test("keeps their names where they are text, also behind escaped quotes", () => {
    const value = { NaN: "Infinity", quoted: 'a "NaN" and \\', "\\": ["-Infinity\\"], x: "NaN" };
    expect(parse(JSON.stringify(value))).toEqual(value);
    expect(parse(`{"a":"\\"NaN","b":NaN}`)).toEqual({ a: '"NaN', b: null });
  });

  test("keeps the floats of time.time() to the last digit", () => {
    expect(JSON.stringify(parse("[1700000000.1234567,1e-07,1.0]"))).toBe("[1700000000.1234567,1e-7,1]");
  });

  test.each(["", "{", "NaNa", "{'a':1}", "nan", '{"a":NaN', '"NaN'])("is refused where it is none: %j", (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ status: "BAD_REQUEST" }));
  });

  test("is refused where it is not UTF-8, or would change a prototype", () => {
    expect(() => parsePythonJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(/not UTF-8/);
    expect(() => parse('{"__proto__":{"x":1}}')).toThrow(expect.objectContaining({ status: "BAD_REQUEST" }));
  });

  test("is read in time however long a text or its quotes are", () => {
    expect(parse(`["${"\\\\".repeat(1 << 20)}",NaN]`)).toHaveLength(2);
    expect(() => parse(`["NaN${"x".repeat(1 << 22)}`)).toThrow(expect.objectContaining({ status: "BAD_REQUEST" }));
  });
});
