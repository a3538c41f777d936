import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../../../runtime/src/wire/frame.js";
import { MAX_REFERENCE, parseHello, parseReason } from "../../../../runtime/src/wire/hello.js";

const limits = { message: 1024, calls: 8, window: 4096 };
const good = { agent: "test/1", methods: ["GET /a"], limits };

describe("HELLO", () => {
  test("has the program, the contract, the methods and the limits", () => {
    const api = { name: "notes", version: "1.0.0", hash: "ab" };
    expect(parseHello(JSON.stringify({ ...good, api }))).toEqual({ ...good, api });
    expect(parseHello(JSON.stringify({ ...good, items: "bytes" }))).toEqual({ ...good, items: "bytes" });
  });

  test("may omit the program, and may have unknown fields", () => {
    const { agent: _, ...rest } = good;
    expect(parseHello(JSON.stringify({ ...rest, more: 1, api: "x", items: "xml" }))).toEqual({
      ...good,
      agent: "unknown",
    });
    expect(parseHello(JSON.stringify({ ...good, agent: "x".repeat(10_000) })).agent).toHaveLength(200);
  });

  test("may have a window of 0, which is the default", () => {
    for (const window of [0, undefined]) {
      expect(parseHello(JSON.stringify({ ...good, limits: { ...limits, window } })).limits.window).toBe(0);
    }
  });

  test("lists at most as many methods as an OPEN can refer to", () => {
    const methods = Array.from({ length: 65_536 }, () => "");
    expect(parseHello(JSON.stringify({ ...good, methods })).methods).toHaveLength(65_536);
    expect(() => parseHello(JSON.stringify({ ...good, methods: [...methods, ""] }))).toThrow("at most 65536 strings");
  });

  test.each([
    ["invalid JSON", "{", "HELLO: invalid JSON"],
    ["a list", "[]", "HELLO: not an object"],
    ["null", "null", "HELLO: not an object"],
    ["no methods", JSON.stringify({ limits }), "methods must be a list"],
    ["a method that is not a string", JSON.stringify({ ...good, methods: [1] }), "methods must be a list"],
    [
      "a method that is too long",
      JSON.stringify({ ...good, methods: ["x".repeat(MAX_REFERENCE + 1)] }),
      "8192 characters",
    ],
    ["no limits", JSON.stringify({ methods: [] }), "limits.message must be an integer from 1"],
    ["limits that are a list", JSON.stringify({ ...good, limits: [] }), "limits.message"],
    ["a limit of 0", JSON.stringify({ ...good, limits: { ...limits, calls: 0 } }), "limits.calls"],
    ["a window below 0", JSON.stringify({ ...good, limits: { ...limits, window: -1 } }), "from 0 to 2147483647"],
    ["a fraction", JSON.stringify({ ...good, limits: { ...limits, message: 1.5 } }), "limits.message"],
    ["a string", JSON.stringify({ ...good, limits: { ...limits, calls: "8" } }), "limits.calls"],
  ])("with %s is a protocol error that names the field", (_, text, reason) => {
    expect(() => parseHello(text)).toThrow(ProtocolError);
    expect(() => parseHello(text)).toThrow(reason);
  });
});

describe("a reason", () => {
  test("is the message of CLOSE, cut to 1,000 characters", () => {
    expect(parseReason('{"message":"done"}')).toBe("done");
    expect(parseReason(JSON.stringify({ message: "x".repeat(5000) }))).toHaveLength(1000);
  });

  test.each(["", "{", "[]", "null", "{}", '{"message":1}'])(
    "of %j reads as no reason, and is not a protocol error",
    (text) => {
      expect(parseReason(text)).toBe("no reason given");
    },
  );
});
