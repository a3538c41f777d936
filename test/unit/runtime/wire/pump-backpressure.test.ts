import { duplexPair } from "sshrpc/testing";
import { expect, test } from "vitest";
import { ApiServer } from "../../../../runtime/src/server/api-server.js";
import { encodeFrame, FRAME, PREAMBLE } from "../../../support/raw-peer.js";
import { ALICE, handlersOf, method, TestLog } from "../support/server.js";
import { until, within } from "../support/wait.js";

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

test("a server stops reading from a peer that does not read its answers, and again each time after a few are read", async () => {
  const it = method("GET /it");
  const server = new ApiServer(handlersOf([it], { [it.id]: () => "x".repeat(1000) }), {
    log: new TestLog(),
    limits: { sendHighWaterMark: 20_000 },
  });
  const [near, far] = duplexPair();
  server.accept(far, ALICE);
  near.on("error", () => undefined);
  const body = JSON.stringify({ methods: [it.id], limits: { message: 1 << 20, calls: 64 } });
  near.write(PREAMBLE);
  near.write(encodeFrame({ kind: FRAME.HELLO, id: 0, body }));
  const opens = Buffer.concat(Array.from({ length: 100 }, () => encodeFrame({ kind: FRAME.OPEN, id: 1, body: "{}" })));
  for (let count = 0; count < 300; count++) near.write(opens);
  const left = (): number => near.writableLength / opens.length;
  await until("the server to stop", () => far.isPaused());
  await pause();
  const first = left();
  expect(first).toBeGreaterThan(250);
  // The peer reads a little at a time, and the server may continue by as much.
  for (let round = 0; round < 10; round++) {
    await until("something to read", () => near.read() !== null);
    await pause();
  }
  expect(left()).toBeGreaterThan(200);
  near.on("data", () => undefined);
  await until("all of it", () => near.writableLength === 0);
  near.destroy();
  await within("the server's end", server.close());
});
