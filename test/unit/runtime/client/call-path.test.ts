import { RpcError, type Transport } from "sshrpc/client";
import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { callPath } from "../../../../runtime/src/client/call-path.js";
import { any, handlersOf, method, only } from "../support/server.js";
import { failure, within } from "../support/wait.js";

const count = method("GET /count", { kind: "server-streaming", responseItem: any });
const total = method("GET /total", { kind: "server-streaming", responseItem: any });
const { response: _, ...withoutResponse } = count;

async function* numbers(): AsyncGenerator<number, string> {
  yield 1;
  yield 2;
  return "done";
}

const transport = inMemory(
  handlersOf([withoutResponse, total], { "GET /count": () => numbers(), "GET /total": () => numbers() }),
);

test("callPath passes on the items of a stream, and resolves with undefined if it has no response", async () => {
  const items: unknown[] = [];
  expect(
    await callPath(transport, { verb: "GET", path: "/count", onItem: (item) => items.push(item) }),
  ).toBeUndefined();
  expect(items).toEqual([1, 2]);
});

test("callPath resolves with the response after the items of a stream", async () => {
  const items: unknown[] = [];
  expect(await callPath(transport, { verb: "GET", path: "/total", onItem: (item) => items.push(item) })).toBe("done");
  expect(items).toEqual([1, 2]);
});

test("the timeout of callPath includes connecting", async () => {
  const silent: Transport = {
    address: "nowhere",
    open: (signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new RpcError("CANCELLED")))),
  };
  await expect(callPath(silent, { verb: "GET", path: "/x", timeout: 20 })).rejects.toMatchObject({
    status: "DEADLINE_EXCEEDED",
    message: expect.stringContaining("nowhere"),
  });
});

test("the timeout of callPath may be a fraction; another value is refused as that of a call", async () => {
  expect(await callPath(transport, { verb: "GET", path: "/total", timeout: 9999.5 })).toBe("done");
  const call = (timeout: number) => failure(callPath(transport, { verb: "GET", path: "/total", timeout }));
  expect(await call(Number.NaN)).toMatchObject({ status: "BAD_REQUEST" });
  expect(await call(-1)).toMatchObject({ status: "DEADLINE_EXCEEDED" });
});

const NOTES = [
  method("GET /notes/{id}", {
    params: { id: "integer" },
    request: only((value) => Number.isInteger((value as { id: unknown }).id)),
  }),
  method("DELETE /notes/{id}", { params: { id: "integer" } }),
];
const notes = inMemory(
  handlersOf(NOTES, {
    "GET /notes/{id}": (request) => request,
    "DELETE /notes/{id}": () => {
      throw new Error("no");
    },
  }),
);

test("callPath needs no contract: the server finds the method, and validates the request", async () => {
  expect(await within("the call", callPath(notes, { verb: "GET", path: "/notes/42" }))).toEqual({ id: 42 });
  expect(await failure(callPath(notes, { verb: "GET", path: "/notes/x" }))).toMatchObject({
    status: "BAD_REQUEST",
    method: "GET /notes/x",
  });
  expect(await failure(callPath(notes, { verb: "GET", path: "/notes/1", request: { id: 2 } }))).toMatchObject({
    status: "BAD_REQUEST",
  });
  expect(await failure(callPath(notes, { verb: "GET", path: "/nothing" }))).toMatchObject({ status: "NOT_FOUND" });
  expect(await failure(callPath(notes, { verb: "STORE", path: "/notes/1" }))).toMatchObject({
    status: "METHOD_NOT_ALLOWED",
    details: { verbs: ["GET", "DELETE"] },
  });
  expect(await failure(callPath(notes, { verb: "DELETE", path: "/notes/1" }))).toMatchObject({
    status: "INTERNAL",
  });
});
