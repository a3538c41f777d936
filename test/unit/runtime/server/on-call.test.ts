import type { Method } from "sshrpc/generated";
import { RpcError, type ServedCall } from "sshrpc/server";
import { expect, onTestFinished, test } from "vitest";
import { FLAG, FRAME } from "../../../support/raw-peer.js";
import { ALICE, type AnyHandler, any, only, serveRaw } from "../support/server.js";
import { until } from "../support/wait.js";

/** Serves one method, and collects the records of its calls. */
async function serve(handler: (...args: never[]) => unknown, method: Partial<Method> = {}, options: object = {}) {
  const calls: ServedCall[] = [];
  const served = await serveRaw(handler as AnyHandler, { onCall: (call) => calls.push(call), ...options, method });
  onTestFinished(async () => {
    served.peer.duplex.destroy();
    await served.server.close();
  });
  return { ...served, calls };
}

const record = (status: string, bytesIn: number, more: Partial<ServedCall> = {}) => ({
  side: "server",
  peer: ALICE,
  method: "GET /it",
  status,
  call: expect.any(Number),
  milliseconds: expect.any(Number),
  bytesIn,
  bytesOut: expect.any(Number),
  itemsIn: 0,
  itemsOut: 0,
  ...(status !== "OK" && { error: expect.objectContaining({ status }) }),
  ...more,
});

test("onCall receives method, status, and the bytes of request and response", async () => {
  const { peer, calls } = await serve(() => ({ answer: 42 }));
  peer.hello(["GET /it"]).open(1, '{"x":1}');
  await peer.status();
  expect(calls).toEqual([record("OK", 7, { bytesOut: 13 })]);
  expect(calls[0]?.milliseconds).toBeGreaterThanOrEqual(0);
});

test("the bytes of items count in both directions", async () => {
  const { peer, calls } = await serve(
    async function* (_: unknown, items: AsyncIterable<unknown>) {
      for await (const item of items) yield item;
      return "end";
    },
    { kind: "bidirectional", requestItem: any, responseItem: any },
  );
  peer.hello(["GET /it"], { window: 1000 }).open(1, "{}", { flags: FLAG.STREAM, credit: 1000 });
  peer.send({ kind: FRAME.ITEM, id: 1, body: '"one"' }, { kind: FRAME.ITEM, id: 1, body: '"three"' });
  peer.send({ kind: FRAME.END, id: 1 });
  await peer.status();
  expect(calls).toEqual([record("OK", 2 + 5 + 7, { bytesOut: 5 + 7 + 5, itemsIn: 2, itemsOut: 2 })]);
});

test.each<[string, Partial<Method>, string, (...args: never[]) => unknown]>([
  ["FORBIDDEN", { scope: "other" }, "{}", () => 1],
  ["BAD_REQUEST", { request: only(() => false) }, "{}", () => 1],
  ["BAD_REQUEST", {}, "{", () => 1],
  ["INTERNAL", {}, "{}", () => Promise.reject(new Error("secret"))],
  ["CONFLICT", {}, "{}", () => Promise.reject(new RpcError("CONFLICT", "no"))],
])("onCall receives a call that ends with %s", async (status, method, body, handler) => {
  const { peer, calls } = await serve(handler, method, { peer: { ...ALICE, scopes: ["it:*"] } });
  peer.hello(["GET /it"]).open(1, body);
  await peer.status();
  expect(calls.map((call) => [call.method, call.status])).toEqual([["GET /it", status]]);
  expect(JSON.stringify(calls)).not.toContain("secret");
});

test("the record has the method's id in place of a path, and the reference of an unknown method", async () => {
  const { peer, calls } = await serve(() => 1, { path: "/it/{id}", id: "GET /it/{id}", params: { id: "integer" } });
  peer.hello(["GET /it/42", "GET /that"]).open(1, "{}").open(3, "{}", { method: 1 });
  await peer.status();
  await peer.status();
  expect(calls.map((call) => [call.method, call.status])).toEqual([
    ["GET /it/{id}", "OK"],
    ["GET /that", "NOT_FOUND"],
  ]);
});

test("onCall receives calls over limits.calls and over limits.message", async () => {
  const { peer, calls } = await serve(() => new Promise(() => {}), {}, { limits: { calls: 1, message: 1024 } });
  peer.hello(["GET /it"]).open(1, "{}").open(3, "{}");
  expect((await peer.status()).code).toBe(429);
  peer.open(5, JSON.stringify("x".repeat(2000)));
  expect((await peer.status()).code).toBe(413);
  const refused = { refused: true };
  expect(calls).toEqual([
    { ...record("RESOURCE_EXHAUSTED", 2), ...refused },
    { ...record("MESSAGE_TOO_LARGE", 2012), ...refused },
  ]);
});

test("a call whose peer cancels or disconnects is recorded once, as CANCELLED", async () => {
  const { peer, calls } = await serve(() => new Promise(() => {}));
  peer.hello(["GET /it"]).open(1, "{}").open(3, "{}");
  peer.send({ kind: FRAME.CANCEL, id: 1 });
  expect((await peer.status()).code).toBe(499);
  peer.duplex.destroy();
  await expect.poll(() => calls.map(({ status }) => status)).toEqual(["CANCELLED", "CANCELLED"]);
});

test("an onCall that rejects is logged, and the call succeeds", async () => {
  const { peer, log } = await serve(() => 1, {}, { onCall: () => Promise.reject(new Error("disk full")) });
  peer.hello(["GET /it"]).open(1, "{}");
  expect((await peer.status()).code).toBe(200);
  await until("the line", () => log.lines.length > 0);
  expect(log.lines.at(-1)).toMatchObject({ level: "error", message: "onCall failed" });
});

test("an onCall that throws is logged, and the call succeeds", async () => {
  const { peer, log } = await serve(
    () => 1,
    {},
    {
      onCall: () => {
        throw new Error("disk full");
      },
    },
  );
  peer.hello(["GET /it"]).open(1, "{}");
  expect((await peer.status()).code).toBe(200);
  expect(log.lines.at(-1)).toMatchObject({ level: "error", message: "onCall failed" });
});
