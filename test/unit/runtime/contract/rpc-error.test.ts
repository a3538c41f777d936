import { inspect } from "node:util";
import { RpcError } from "sshrpc/server";
import { describe, expect, test } from "vitest";

describe("an RpcError", () => {
  test("prints as status, method and message", () => {
    const error = new RpcError("NOT_FOUND", "no such note", { method: "GET /notes/{id}" });
    expect(`${error}`).toBe("NOT_FOUND: GET /notes/{id}: no such note");
    expect(error.stack).toMatch(/^NOT_FOUND: GET \/notes\/\{id\}: no such note\n {4}at /);
    expect(inspect(error)).toContain("NOT_FOUND: GET /notes/{id}: no such note");
  });

  test("omits an unknown method", () => {
    expect(`${new RpcError("CONFLICT", "too late")}`).toBe("CONFLICT: too late");
    expect(`${new RpcError("CONFLICT")}`).toBe("CONFLICT: conflict");
    expect(`${new RpcError("CONFLICT", "", { method: "GET /a" })}`).toBe("CONFLICT: GET /a");
  });

  test("carries status, number, details, method and cause", () => {
    const cause = new Error("disk");
    const error = new RpcError("UNAVAILABLE", "later", { details: { after: 3 }, method: "GET /a", cause });
    expect(error).toMatchObject({ status: "UNAVAILABLE", code: 503, details: { after: 3 }, method: "GET /a", cause });
    expect("cause" in new RpcError("INTERNAL")).toBe(false);
  });

  test("is recognized by another copy of this package", async () => {
    // Node takes another address for another module.
    const copy = new URL("../../../../runtime/dist/contract/rpc-error.js?copy", import.meta.url);
    const other: typeof import("sshrpc/client") = await import(copy.href);
    expect(other.RpcError).not.toBe(RpcError);
    expect(new other.RpcError("INTERNAL")).toBeInstanceOf(RpcError);
    expect(new RpcError("INTERNAL")).toBeInstanceOf(other.RpcError);
  });

  test.each([[null], [undefined], ["NOT_FOUND"], [{ status: "NOT_FOUND", code: 404 }], [new Error("x")]])(
    "is not what %s is",
    (value) => {
      expect(value instanceof RpcError).toBe(false);
    },
  );

  test("is not an instance of its subclasses", () => {
    class QuotaError extends RpcError {}
    expect(new QuotaError("RESOURCE_EXHAUSTED")).toBeInstanceOf(QuotaError);
    expect(new QuotaError("RESOURCE_EXHAUSTED")).toBeInstanceOf(RpcError);
    expect(new RpcError("RESOURCE_EXHAUSTED") instanceof QuotaError).toBe(false);
  });

  test("keeps its whole message if stack traces are disabled", () => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      expect(new RpcError("INTERNAL", "all of it").stack).toBe("INTERNAL: all of it");
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });

  test("keeps a message of several lines and in any script unchanged", () => {
    const message = "\ttab\r\nline ☺ 😈";
    expect(new RpcError("INTERNAL", message).message).toBe(message);
  });
});

describe("an RpcError as JSON", () => {
  const error = new RpcError("NOT_FOUND", "no such note", {
    method: "GET /notes/{id}",
    details: { id: 7 },
    cause: new Error("private"),
  });

  test("has status, number, method, message and details, and no stack or cause", () => {
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({
      error: { status: "NOT_FOUND", code: 404, method: "GET /notes/{id}", message: "no such note", details: { id: 7 } },
    });
  });

  test("passes to a worker thread and back, and is the same error", () => {
    const copy = RpcError.fromJSON(structuredClone(error.toJSON()));
    expect(copy).toBeInstanceOf(RpcError);
    expect(`${copy}`).toBe(`${error}`);
    expect(copy.toJSON()).toEqual(error.toJSON());
  });

  test("keeps a number without a name, and reads a status that it does not know by its number", () => {
    const teapot = new RpcError("BAD_REQUEST", "tea only", { code: 418 });
    expect(RpcError.fromJSON(teapot.toJSON()).code).toBe(418);
    const unknown = RpcError.fromJSON({ status: "TEAPOT" as never, code: 418, message: "tea only" });
    expect(unknown).toMatchObject({ status: "BAD_REQUEST", code: 418 });
  });
});
