import { type ErrorStatus, STATUSES } from "sshrpc/contract";
import { RpcError } from "sshrpc/server";
import { expect, test } from "vitest";
import { decodeError, encodeErrorBody } from "../../../../runtime/src/codec/error-body.js";

test.each(Object.keys(STATUSES).filter((name) => name !== "OK") as ErrorStatus[])(
  "%s keeps message and details",
  (status) => {
    const sent = new RpcError(status, "\ttab\r\nline ☺ 😈", { details: { id: 7, why: ["ü"] } });
    const received = decodeError(sent.code, JSON.parse(encodeErrorBody(sent)), "GET /a");
    expect(received).toMatchObject({ status, code: sent.code, message: sent.message, details: sent.details });
  },
);

test("never sends a stack, a cause or a method", () => {
  const error = new RpcError("INTERNAL", "no", { cause: new Error("secret"), method: "GET /secret" });
  expect(JSON.parse(encodeErrorBody(error))).toEqual({ message: "no" });
});

test.each([[undefined], [null], [42], ["text"], [[]], [{ message: 42 }]])(
  "loses message and details of the malformed body %j, not the status",
  (body) => {
    expect(decodeError(404, body, "GET /a")).toMatchObject({ status: "NOT_FOUND", message: "not found" });
  },
);

test.each([
  [418, "BAD_REQUEST"],
  [499, "CANCELLED"],
  [402, "BAD_REQUEST"],
  [599, "INTERNAL"],
  [302, "INTERNAL"],
  [200, "INTERNAL"],
  [0, "INTERNAL"],
  [65_535, "INTERNAL"],
])("the number %i reads as %s", (code, status) => {
  expect(decodeError(code, undefined, "GET /a").status).toBe(status);
});
