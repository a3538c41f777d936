import { setTimeout as sleep } from "node:timers/promises";
import { bindHandlers } from "sshrpc/generated";
import { duplexPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { SILENT } from "../../../../runtime/src/base/log.js";
import { ApiServer } from "../../../../runtime/src/server/api-server.js";
import { encodeFrame, FRAME, PREAMBLE } from "../../../support/raw-peer.js";

const CALLS = 500;
const RESPONSE = 1_000_000;

test("a client that sends many calls in one chunk and does not read is served only as far as its buffers allow", async () => {
  let handled = 0;
  const big = "x".repeat(RESPONSE);
  const any = (): boolean => true;
  const method = { id: "GET /big", resource: "big", verb: "GET", path: "/big", kind: "unary", params: {} } as const;
  const api = {
    name: "big",
    version: "1",
    hash: "1",
    methods: [{ ...method, idempotent: true, request: any, response: any }],
  };
  const get = (): string => {
    handled++;
    return big;
  };
  const server = new ApiServer(bindHandlers(api, { big: { get } }), { log: SILENT });
  const [client, far] = duplexPair();
  onTestFinished(() => void client.destroy());
  server.accept(far, { user: "test", scopes: [] });
  const hello = JSON.stringify({ methods: ["GET /big"], limits: { message: 4_194_304, calls: 8 } });
  const opens = Array.from({ length: CALLS }, (_, call) =>
    encodeFrame({ kind: FRAME.OPEN, id: 1 + 2 * call, method: 0, body: "{}" }),
  );
  client.write(Buffer.concat([PREAMBLE, encodeFrame({ kind: FRAME.HELLO, id: 0, body: hello }), ...opens]));
  await sleep(100);
  expect(handled).toBeGreaterThan(0);
  expect(handled).toBeLessThan(10);

  let received = 0;
  await new Promise<void>((resolve) => {
    client.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > CALLS * RESPONSE) resolve();
    });
  });
  expect(handled).toBe(CALLS);
});
