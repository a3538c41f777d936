import { describe, expect, test } from "vitest";
import { MAX_METHODS, MAX_REFERENCE, parseHello, parseReason } from "../../../../runtime/src/wire/hello.js";
import { ProtocolError } from "../../../../runtime/src/wire/protocol-error.js";

const limits = { message: 1024, calls: 8, window: 4096 };
const good = { agent: "test/1", methods: ["GET /a"], limits };

describe("HELLO", () => {
  test("says who speaks, what will be called, and under which limits", () => {
    const api = { name: "notes", version: "1.0.0", hash: "ab" };
    expect(parseHello(JSON.stringify({ ...good, api }))).toEqual({ ...good, api });
    expect(parseHello(JSON.stringify({ ...good, items: "bytes" }))).toEqual({ ...good, items: "bytes" });
  });

  test("may lack what is for logs only, and have what is not known", () => {
    const { agent: _, ...rest } = good;
    expect(parseHello(JSON.stringify({ ...rest, more: 1, api: "x", items: "xml" }))).toEqual({
      ...good,
      agent: "unknown",
    });
    expect(parseHello(JSON.stringify({ ...good, agent: "x".repeat(10_000) })).agent).toHaveLength(200);
  });

  test("may let the other side send nothing ahead, said or not", () => {
    for (const window of [0, undefined]) {
      expect(parseHello(JSON.stringify({ ...good, limits: { ...limits, window } })).limits.window).toBe(0);
    }
  });

  test("may name as many methods as an OPEN can", () => {
    const methods = Array.from({ length: MAX_METHODS }, () => "");
    expect(parseHello(JSON.stringify({ ...good, methods })).methods).toHaveLength(MAX_METHODS);
    expect(() => parseHello(JSON.stringify({ ...good, methods: [...methods, ""] }))).toThrow("at most 65536 texts");
  });

  test.each([
    ["no JSON", "{", "HELLO: no JSON"],
    ["a list", "[]", "HELLO: no object"],
    ["null", "null", "HELLO: no object"],
    ["no methods", JSON.stringify({ limits }), "methods must be a list"],
    ["a method that is no text", JSON.stringify({ ...good, methods: [1] }), "methods must be a list"],
    ["a method without end", JSON.stringify({ ...good, methods: ["x".repeat(MAX_REFERENCE + 1)] }), "8192 characters"],
    ["no limits", JSON.stringify({ methods: [] }), "limits.message must be a whole number from 1"],
    ["limits that are a list", JSON.stringify({ ...good, limits: [] }), "limits.message"],
    ["a limit of 0", JSON.stringify({ ...good, limits: { ...limits, calls: 0 } }), "limits.calls"],
    ["a window below 0", JSON.stringify({ ...good, limits: { ...limits, window: -1 } }), "from 0 to 2147483647"],
    ["a fraction", JSON.stringify({ ...good, limits: { ...limits, message: 1.5 } }), "limits.message"],
    ["a text", JSON.stringify({ ...good, limits: { ...limits, calls: "8" } }), "limits.calls"],
  ])("with %s breaks the protocol, and the reason names the field", (_, text, reason) => {
    expect(() => parseHello(text)).toThrow(ProtocolError);
    expect(() => parseHello(text)).toThrow(reason);
  });
});

describe("a reason", () => {
  test("is the message that CLOSE carries, cut to a thousand characters", () => {
    expect(parseReason('{"message":"done"}')).toBe("done");
    expect(parseReason(JSON.stringify({ message: "x".repeat(5000) }))).toHaveLength(1000);
  });

  test.each(["", "{", "[]", "null", "{}", '{"message":1}'])("that is %j says nothing, and breaks nothing", (text) => {
    expect(parseReason(text)).toBe("no reason given");
  });
});
