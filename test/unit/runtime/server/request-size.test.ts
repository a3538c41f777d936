import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { FLAG, FRAME, RawPeer } from "../../../support/raw-peer.js";
import { ALICE, any, handlersOf, method } from "../support/server.js";

/** A server whose validators count the values that they see, and a raw client. */
async function start(more: object) {
  let parsed = 0;
  const count = (value: unknown) => {
    parsed += 1;
    return any(value);
  };
  const it = method("STORE /it", { request: count, ...more });
  const handler = async (_: unknown, items: AsyncIterable<unknown>) => {
    if (Symbol.asyncIterator in items) for await (const _item of items);
    return null;
  };
  const server = inMemory(handlersOf([it], { [it.id]: handler as never }), { peer: ALICE });
  const peer = new RawPeer(await server.open()).hello([it.id]);
  await peer.remoteHello();
  return { peer, parsed: () => parsed };
}

test("a request over what the schema allows is refused before it is parsed", async () => {
  const { peer, parsed } = await start({ maxRequest: 100 });
  peer.open(1, `{"x":"${"x".repeat(1_000_000)}"}`);
  expect(await peer.status()).toEqual({
    ...{ id: 1, code: 413 },
    body: { message: "the request has 1000008 bytes; the schema allows at most 100" },
  });
  // Not even for the error of invalid JSON.
  peer.open(3, "{".repeat(101));
  expect(await peer.status()).toMatchObject({ id: 3, code: 413 });
  expect(parsed()).toBe(0);
  peer.open(5, " ".repeat(98).concat("{}"));
  expect(await peer.status()).toMatchObject({ id: 5, code: 200 });
});

test("an item over what the schema allows ends the call before it is parsed", async () => {
  const { peer } = await start({ kind: "client-streaming", requestItem: any, maxRequestItem: 100 });
  peer.open(1, "{}", { flags: FLAG.STREAM });
  peer.send({ kind: FRAME.ITEM, id: 1, body: "[".repeat(101) });
  expect(await peer.status()).toMatchObject({ id: 1, code: 413 });
});

test("a method of generated code without the bound takes requests up to limits.message", async () => {
  const { peer } = await start({});
  peer.open(1, `{"x":"${"x".repeat(1_000_000)}"}`);
  expect(await peer.status()).toMatchObject({ id: 1, code: 200 });
});
