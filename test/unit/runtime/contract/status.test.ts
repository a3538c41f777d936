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
  });
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
