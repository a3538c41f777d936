import { RpcError } from "sshrpc/client";
import { isErrorStatus, isIdempotent, isVerb, STATUSES, statusPhrase } from "sshrpc/contract";
import { expect, test } from "vitest";

test("each status has its HTTP number", () => {
  expect(STATUSES).toEqual({
    OK: 200,
    BAD_REQUEST: 400,
    UNAUTHENTICATED: 401,
    FORBIDDEN: 403,
    NOT_FOUND: 404,
    METHOD_NOT_ALLOWED: 405,
    CONFLICT: 409,
    PRECONDITION_FAILED: 412,
    MESSAGE_TOO_LARGE: 413,
    RESOURCE_EXHAUSTED: 429,
    CANCELLED: 499,
    INTERNAL: 500,
    UNIMPLEMENTED: 501,
    UNAVAILABLE: 503,
    DEADLINE_EXCEEDED: 504,
    INTERRUPTED: 520,
  });
});

test("an error keeps a number without a name, where the name is the first of its class", () => {
  expect(new RpcError("BAD_REQUEST", "teapot", { code: 418 })).toMatchObject({ status: "BAD_REQUEST", code: 418 });
  expect(new RpcError("INTERNAL", "full", { code: 507 }).code).toBe(507);
  for (const code of [404, 507, 399, 600, 418.5, Number.NaN, -1])
    expect(new RpcError("BAD_REQUEST", "odd", { code }).code).toBe(400);
});

test("error statuses exclude OK and inherited property names", () => {
  expect(isErrorStatus("NOT_FOUND")).toBe(true);
  for (const text of ["OK", "not_found", "", "toString", "__proto__", "TEAPOT"])
    expect(isErrorStatus(text)).toBe(false);
});

test("each status has a default message", () => {
  expect(statusPhrase("METHOD_NOT_ALLOWED")).toBe("method not allowed");
});

test("there are four verbs in uppercase, of which only STORE is not idempotent", () => {
  expect(["GET", "STORE", "UPDATE", "DELETE"].map((verb) => isVerb(verb))).toEqual([true, true, true, true]);
  expect(["get", "PUT", "", "toString"].map((verb) => isVerb(verb))).toEqual([false, false, false, false]);
  expect((["GET", "STORE", "UPDATE", "DELETE"] as const).map(isIdempotent)).toEqual([true, false, true, true]);
});
