import type { Method } from "sshrpc/generated";
import { logCalls, RpcError } from "sshrpc/server";
import { afterEach, expect, test } from "vitest";
import { FRAME } from "../../../support/raw-peer.js";
import { type AnyHandler, any, type RawServed, serveRaw, TestLog } from "../support/server.js";
import { until, within } from "../support/wait.js";

let served: RawServed | undefined;

afterEach(async () => {
  served?.peer.duplex.destroy();
  await within("the server's end", served?.server.close() ?? Promise.resolve());
});

test.each([
  ["OK", {}, () => "secret", {}],
  [
    "NOT_FOUND",
    {},
    () => {
      throw new RpcError("NOT_FOUND", "secret");
    },
    {},
  ],
  [
    "INTERNAL",
    {},
    () => {
      throw new Error("secret");
    },
    {},
  ],
  ["OK", { kind: "server-streaming", responseItem: any } as Partial<Method>, () => ["secret", "secret"], { items: 2 }],
])("logs one line per call, with its status (%s) and without its content", async (status, method, handler, more) => {
  const log = new TestLog();
  served = await serveRaw(handler as AnyHandler, { interceptors: [logCalls(log)], method });
  served.peer.hello(["GET /it"]).open(1, '"secret"', { credit: 1000 });
  await served.peer.next(FRAME.STATUS);
  await until("the line", () => log.lines.length === 1);
  const [line] = log.lines;
  expect(line).toMatchObject({
    level: "info",
    message: "call",
    fields: { method: "GET /it", user: "alice", status, ...more },
  });
  expect(line?.fields["ms"]).toBeGreaterThanOrEqual(0);
  expect(JSON.stringify(log.lines)).not.toContain("secret");
});
