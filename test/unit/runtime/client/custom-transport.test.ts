import { Duplex, Writable } from "node:stream";
import { connectApi } from "sshrpc/generated";
import { inMemory } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { ALICE, any, apiOf, handlersOf, type ItClient, method } from "../support/server.js";

const ECHO = method("GET /it", { kind: "bidirectional", requestItem: any, responseItem: any });

/** The items of a call that sends 500 items of about 10 kB, over a transport of one's own. */
async function echo(wrap: (inner: Duplex) => Duplex): Promise<unknown[]> {
  const handler = async function* (_: unknown, items: AsyncIterable<unknown>) {
    yield* items;
  };
  const server = inMemory(handlersOf([ECHO], { [ECHO.id]: handler as never }), { peer: ALICE });
  const transport = { address: "test", open: async () => wrap(await server.open()) };
  const client = await connectApi<ItClient>(apiOf(ECHO), transport, {
    reconnect: false,
  });
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  async function* items(): AsyncGenerator<string> {
    for (let nth = 0; nth < 500; nth++) yield `${nth} `.repeat(2500);
  }
  const call = client.it.get as unknown as (request: unknown, items: AsyncIterable<unknown>) => AsyncIterable<unknown>;
  const received: unknown[] = [];
  for await (const item of call({}, items())) received.push(item);
  return received;
}

/** Takes each chunk a turn after the write. */
function slow(inner: Duplex): Writable {
  return new Writable({
    highWaterMark: 1024 * 1024,
    write: (chunk: Buffer, _, done) => void setImmediate(() => inner.write(Buffer.from(chunk), done)),
    final: (done) => inner.end(done),
  });
}

test("a transport that calls back before it has taken a chunk carries every frame unchanged", async () => {
  const received = await echo((inner) => Duplex.from({ readable: inner, writable: slow(inner) }));
  expect(received).toEqual(Array.from({ length: 500 }, (_, nth) => `${nth} `.repeat(2500)));
});
