import type { Client } from "sshrpc/client";
import { connectApi, type Method, type Validator } from "sshrpc/generated";
import { inMemory } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { FLAG, FRAME } from "../../../support/raw-peer.js";
import { type AnyHandler, any, apiOf, connectRaw, handlersOf, method, serveRaw } from "../support/server.js";
import { failure } from "../support/wait.js";

type Stream = AsyncIterable<Uint8Array> & { readonly response: Promise<unknown> };
type Streams = Client & {
  readonly it: { get(request: object): Stream; store(request: object, items: Iterable<unknown>): Promise<unknown> };
};

const cycle: { self?: unknown } = {};
cycle.self = cycle;
const NOT_BYTES: readonly [unknown][] = [
  ["text"],
  [7],
  [null],
  [undefined],
  [[1]],
  [{ length: 1 }],
  [new ArrayBuffer(1)],
  [new Uint16Array(1)],
];
const NOT_JSON = [
  ["a bigint", 1n],
  ["a cycle", cycle],
  ["a function", () => 1],
] as const;

/** Sends one item up to a server and lets it send one down; resolves with the failure of each direction. */
async function failures(item: unknown, type: Validator | "bytes"): Promise<{ up: unknown; down: unknown }> {
  const methods: Method[] = [
    method("GET /it", { kind: "server-streaming", responseItem: type }),
    method("STORE /it", { kind: "client-streaming", requestItem: type }),
  ];
  const store = async (_: unknown, items: AsyncIterable<unknown>): Promise<void> => {
    for await (const _item of items);
  };
  const server = inMemory(
    handlersOf(methods, { "GET /it": () => [item], "STORE /it": store as unknown as AnyHandler }),
  );
  await using client = await connectApi<Streams>(apiOf(...methods), server);
  return { up: await failure(client.it.store({}, [item])), down: await failure(client.it.get({}).response) };
}

test.each(NOT_BYTES)("%s is refused as an item of raw bytes", async (item) => {
  const { up, down } = await failures(item, "bytes");
  expect(up).toMatchObject({ status: "BAD_REQUEST", message: expect.stringContaining("must be a Uint8Array, not") });
  expect(down).toMatchObject({ status: "INTERNAL" });
});

test.each(NOT_JSON)("%s, which JSON cannot represent, is refused as an item", async (_, item) => {
  const { up, down } = await failures(item, any);
  expect([up, down]).toMatchObject([{ status: "BAD_REQUEST" }, { status: "INTERNAL" }]);
});

test("few raw bytes are copied out of a large chunk, which a view would keep in memory; many are not", async () => {
  const { client, peer } = await connectRaw({ method: { kind: "server-streaming", responseItem: "bytes" } });
  const items = (client as unknown as Streams).it.get({})[Symbol.asyncIterator]();
  const first = items.next();
  await peer.next(FRAME.OPEN);
  peer.send({ kind: FRAME.ITEM, id: 1, body: "x".repeat(10) }, { kind: FRAME.ITEM, id: 1, body: Buffer.alloc(60_000) });
  const few = (await first).value as Uint8Array;
  expect(`${few}`).toBe("x".repeat(10));
  expect(few.buffer.byteLength).toBe(10);
  const many = (await items.next()).value as Uint8Array;
  expect(many).toHaveLength(60_000);
  expect(many.buffer.byteLength).toBeGreaterThan(60_000);
  await client.close();
});

describe.each([
  ["invalid JSON", "{"],
  ["empty", ""],
  ["nested deeper than the stack", "[".repeat(200_000) + "]".repeat(200_000)],
])("an item that is %s", (_, text) => {
  const deep: Validator = (value) => !Array.isArray(value) || value.every(deep);

  test("is BAD_REQUEST of its sender, at the server", async () => {
    const read = async (_request: unknown, items: AsyncIterable<unknown>): Promise<void> => {
      for await (const _item of items);
    };
    const { peer, server } = await serveRaw(read as unknown as AnyHandler, {
      method: { kind: "client-streaming", requestItem: deep },
    });
    peer.hello(["GET /it"]).open(1, "{}", { flags: FLAG.STREAM });
    peer.send({ kind: FRAME.ITEM, id: 1, body: text });
    expect(await peer.status()).toMatchObject({ code: 400 });
    peer.duplex.destroy();
    await server.close();
  });

  test("is INTERNAL, a fault of the server, at the client", async () => {
    const { client, peer } = await connectRaw({ method: { kind: "server-streaming", responseItem: deep } });
    const stream = (client as unknown as Streams).it.get({});
    const taken = failure(stream[Symbol.asyncIterator]().next());
    await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.ITEM, id: 1, body: text });
    expect(await taken).toMatchObject({ status: "INTERNAL" });
    expect(await failure(stream.response)).toMatchObject({ status: "INTERNAL" });
    await client.close();
  });
});
