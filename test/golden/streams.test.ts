import { readFileSync } from "node:fs";
import { inMemory } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { connect, type StreamsClient } from "./cases/streams/generated/client.js";
import { defineHandlers } from "./cases/streams/generated/server.js";
import { both, conflict, count, download, echo, handlers, hosts, refusal, uploads } from "./uses/streams.js";

async function client(): Promise<StreamsClient> {
  const connected = await connect(inMemory(defineHandlers(handlers)));
  onTestFinished(() => connected.close());
  return connected;
}

test("a generated client reads the items of a stream, and the value that ends it", async () => {
  expect(await hosts(await client())).toEqual(["a", "b"]);
  expect(await count(await client(), 4)).toEqual({ items: [1, 2, 3, 4], sum: 10 });
});

test("a generated client reads the bytes of a Node stream", async () => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await client()).tail.get()) chunks.push(chunk);
  const source = readFileSync(new URL("uses/streams.ts", import.meta.url));
  expect(Buffer.concat(chunks).equals(source)).toBe(true);
});

test("a failed stream has a typed error with details", async () => {
  expect(await refusal(await client())).toEqual({ status: "FORBIDDEN", details: null });
  expect(await download(await client(), "missing")).toBe("no missing");
  expect(await conflict(await client())).toBe("empty e3b0");
});

test("bytes arrive unchanged in both directions", async () => {
  expect(await download(await client(), "abc")).toMatchObject({ text: "abc\u0000\u00ff", sum: { bytes: 5 } });
  expect(await uploads(await client())).toEqual([3, 4, 100, 3]);
});

test("a generated client sends items while it reads others", async () => {
  expect(await both(await client())).toEqual({ sums: [1, 3], text: "ABC", end: null });
  const { hits, sum } = await echo(await client());
  expect(hits.map(({ host }) => host)).toEqual(["a", "b"]);
  expect(sum).toBe(6.5);
});

test("an invalid item is rejected in both directions", async () => {
  const { count: counting } = await client();
  const wrong = [{ add: "1" }] as never;
  expect(await counting.update.safe({}, wrong).result).toMatchObject({ ok: false, error: { status: "BAD_REQUEST" } });
  const liar = {
    ...handlers,
    weblog: {
      get: async function* () {
        yield { host: 5 } as never;
      },
    },
  };
  const connected = await connect(inMemory(defineHandlers(liar)));
  onTestFinished(() => connected.close());
  expect(await connected.weblog.get.safe().result).toMatchObject({ ok: false, error: { status: "INTERNAL" } });
});
