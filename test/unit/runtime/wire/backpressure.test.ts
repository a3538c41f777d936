import { setImmediate as turn } from "node:timers/promises";
import { type InMemoryServer, inMemory } from "sshrpc/testing";
import { afterEach, expect, test } from "vitest";
import { encodeFrame, FRAME, PREAMBLE } from "../../../support/raw-peer.js";
import { any, handlersOf, method } from "../support/server.js";
import { until, within } from "../support/wait.js";

const IT = method("GET /it");
const HELLO = JSON.stringify({ methods: [IT.id], limits: { message: 4_194_304, calls: 64 } });
const START = Buffer.concat([PREAMBLE, encodeFrame({ kind: FRAME.HELLO, id: 0, body: HELLO })]);
const open = (id: number): Buffer => encodeFrame({ kind: FRAME.OPEN, id, method: 0, body: "{}" });

let server: InMemoryServer;

afterEach(() => within("the server's end", server.close()));

/** Waits until a value has not changed for fifty turns of the event loop, and returns it. */
async function settled(value: () => number): Promise<number> {
  let [last, same] = [Number.NaN, 0];
  while (same < 50) {
    await turn();
    const now = value();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

test("a client that sends many calls in one chunk and does not read is served only as far as its buffers allow", async () => {
  const [calls, size] = [500, 1_000_000];
  let handled = 0;
  const big = "x".repeat(size);
  const get = (): string => {
    handled++;
    return big;
  };
  server = inMemory(handlersOf([IT], { [IT.id]: get }));
  const client = await server.open();
  client.write(Buffer.concat([START, ...Array.from({ length: calls }, (_, call) => open(1 + 2 * call))]));
  await until("the first call", () => handled > 0);
  expect(await settled(() => handled)).toBeLessThan(10);

  let received = 0;
  await new Promise<void>((resolve) => {
    client.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > calls * size) resolve();
    });
  });
  expect(handled).toBe(calls);
  client.destroy();
});

test("a server stops reading from a peer that does not read its answers, and again each time after a few are read", async () => {
  server = inMemory(handlersOf([IT], { [IT.id]: () => "x".repeat(1000) }), { limits: { sendHighWaterMark: 20_000 } });
  const near = await server.open();
  near.on("error", () => undefined);
  near.write(START);
  const opens = Buffer.concat(Array.from({ length: 100 }, () => open(1)));
  for (let count = 0; count < 300; count++) near.write(opens);
  const left = (): number => near.writableLength / opens.length;
  expect(await settled(left)).toBeGreaterThan(250);
  // The peer reads a little at a time, and the server may continue by as much.
  for (let round = 0; round < 10; round++) {
    await until("something to read", () => near.read() !== null);
    await settled(left);
  }
  expect(left()).toBeGreaterThan(200);
  near.on("data", () => undefined);
  await until("all of it", () => near.writableLength === 0);
  near.destroy();
});

test("of a thousand streams that a client does not read, only a few prepare an item before the transport is full", async () => {
  const streams = 1024;
  const it = method("GET /it", { kind: "server-streaming", responseItem: any });
  let made = 0;
  const item = "x".repeat(60_000);
  async function* get(): AsyncGenerator<string> {
    for (;;) {
      made++;
      yield item;
    }
  }
  server = inMemory(handlersOf([it], { [it.id]: get }));
  const near = await server.open();
  near.on("error", () => undefined);
  const hello = JSON.stringify({ methods: [it.id], limits: { message: 4_194_304, calls: streams } });
  const opens = Array.from({ length: streams }, (_, stream) =>
    encodeFrame({ kind: FRAME.OPEN, id: 1 + 2 * stream, method: 0, credit: 1_000_000, body: "{}" }),
  );
  near.write(Buffer.concat([PREAMBLE, encodeFrame({ kind: FRAME.HELLO, id: 0, body: hello }), ...opens]));
  await until("the first items", () => made > 0);
  expect(await settled(() => made)).toBeLessThan(100);
  near.destroy();
});
