import { RpcError } from "sshrpc/server";
import { expect, test } from "vitest";
import { CallContext } from "../../../../../runtime/src/server/call/call-context.js";
import { ALICE, method, TestLog } from "../../support/server.js";

const context = (log = new TestLog()) =>
  new CallContext(
    { method: method("GET /a"), handler: () => undefined, params: undefined },
    {
      peer: { ...ALICE, address: "192.0.2.7:1" },
      maxMessage: 1024,
      callbacks: undefined,
      clients: () => [],
      config: { timeout: 1000, exposeErrors: false, maxMetadata: 16_384, interceptors: [], log },
    },
    { timeout: 0, metadata: new Map() },
  );
const reason = new RpcError("CANCELLED", "gone");

test("the signal aborts with the reason, whether it was read before or after", () => {
  const early = context();
  const { signal } = early;
  expect(signal.aborted).toBe(false);
  early.abort(reason);
  expect(signal).toMatchObject({ aborted: true, reason });
  const late = context();
  late.abort(reason);
  expect(late.signal).toMatchObject({ aborted: true, reason });
  expect(late.signal).toBe(late.signal);
});

test("the first reason is kept", () => {
  const ctx = context();
  ctx.abort(reason);
  ctx.abort(new RpcError("DEADLINE_EXCEEDED"));
  expect(ctx.signal.reason).toBe(reason);
});

test("the log adds the fields of the call, at every level", () => {
  const log = new TestLog();
  const ctx = context(log);
  for (const level of ["debug", "info", "warn", "error"] as const) ctx.log[level]({ size: 3 }, "stored");
  expect(log.lines.map(({ level }) => level)).toEqual(["debug", "info", "warn", "error"]);
  for (const { fields, message } of log.lines) {
    expect(message).toBe("stored");
    expect(fields).toMatchObject({ method: "GET /a", user: "alice", address: "192.0.2.7:1", size: 3 });
  }
});

test("fail throws the status with its details, also when destructured", () => {
  const { fail } = context();
  expect(() => fail("CONFLICT", { id: 1 }, "taken")).toThrow(
    expect.objectContaining({ status: "CONFLICT", details: { id: 1 }, message: "taken" }),
  );
  expect(() => fail("NOT_FOUND")).toThrow("not found");
});
