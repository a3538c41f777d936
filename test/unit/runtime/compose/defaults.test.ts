import type ssh2 from "ssh2";
import { connectApi } from "sshrpc/generated";
import { type Context, serveHandlers } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { afterEach, expect, test, vi } from "vitest";
import { RawPeer } from "../../../support/raw-peer.js";
import { rawClient } from "../ssh/raw-client.js";
import { execHandler, failure, startBench } from "../ssh/support.js";
import { type AnyHandler, apiOf, handlersOf, type ItClient, method } from "../support/server.js";

// Defaults as users meet them. test/docs/defaults.test.ts has the value of every one.

afterEach(() => void vi.useRealTimers());

/** Lets what has been sent arrive: the timers stand still. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function callIt(handler: AnyHandler): Promise<ItClient> {
  const it = method("GET /it");
  return connectApi<ItClient>(apiOf(it), inMemory(handlersOf([it], { [it.id]: handler })));
}

test("a server listens on 127.0.0.1, and closes at once", async () => {
  const server = await serveHandlers(handlersOf([], {}), {
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [generateKeyPair().publicKey] },
    port: 0,
    log: false,
  });
  expect(server.host).toBe("127.0.0.1");
  await server.close();
});

test("a unary call may take 30 s", async () => {
  // Both clocks: the client sends what remains of the time.
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: 1_000_000 });
  const client = await callIt((_: unknown, { deadline }: Context) => deadline - Date.now());
  expect(await client.it.get()).toBe(30_000);
  await client.close();
});

test("callers do not see what a handler has thrown", async () => {
  const client = await callIt(() => {
    throw new Error("SECRET");
  });
  const error = await failure(client.it.get());
  expect(JSON.stringify({ ...error, message: error.message })).not.toContain("SECRET");
  await client.close();
});

test("a connection without a HELLO ends after 10 s", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { duplex } = new RawPeer(await inMemory(handlersOf([], {})).open());
  await vi.advanceTimersByTimeAsync(9999);
  await settle();
  expect(duplex.destroyed || duplex.readableEnded).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await settle();
  expect(duplex.destroyed || duplex.readableEnded).toBe(true);
});

test("a session rule has 10 s", async () => {
  const bench = await startBench({ session: () => new Promise(() => {}) }, undefined, [execHandler(() => {})]);
  const client = await rawClient(bench);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.exec("x", (error, opened) => (error ? reject(error) : resolve(opened))),
  );
  let isClosed = false;
  channel.resume().on("close", () => {
    isClosed = true;
  });
  channel.stderr.resume();
  await settle();
  await vi.advanceTimersByTimeAsync(9999);
  await settle();
  expect([isClosed, bench.log.with("session refused")]).toEqual([false, []]);
  await vi.advanceTimersByTimeAsync(1);
  vi.useRealTimers();
  await expect.poll(() => isClosed).toBe(true);
  expect(bench.log.with("session refused")[0]?.fields["reason"]).toContain("10000 ms");
});

test("a connection has at most 10 channels", async () => {
  const bench = await startBench({}, undefined, [execHandler(() => {})]);
  const client = await rawClient(bench);
  const open = () =>
    new Promise<ssh2.ClientChannel>((resolve, reject) =>
      client.exec("x", (error, channel) => (error ? reject(error) : resolve(channel))),
    );
  for (let channel = 0; channel < 10; channel++) await open();
  expect((await failure(open())).message).toMatch(/Channel open failure/);
});
