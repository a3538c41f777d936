import { connectApi, type Method } from "sshrpc/generated";
import { type InMemoryServer, inMemory } from "sshrpc/testing";
import { afterEach, describe, expect, test } from "vitest";
import { ReceiveWindow, SendWindow } from "../../../../runtime/src/wire/flow/connection-window.js";
import { HeldBytes } from "../../../../runtime/src/wire/flow/held-bytes.js";
import { FLAG, FRAME, RawPeer } from "../../../support/raw-peer.js";
import { type AnyHandler, any, apiOf, connectRaw, handlersOf, method } from "../support/server.js";
import { failure, until, within } from "../support/wait.js";
import { Random, SEED } from "./random.js";

const UP = method("STORE /up", { resource: "up", kind: "client-streaming", requestItem: any });
const DOWN = method("GET /down", { resource: "down", kind: "server-streaming", responseItem: any });
const ECHO = method("UPDATE /echo", { resource: "echo", kind: "bidirectional", requestItem: any, responseItem: any });

let server: InMemoryServer | undefined;
afterEach(async () => {
  await within("the server's end", server?.close() ?? Promise.resolve());
  server = undefined;
});

/** A raw client that announces a window of the connection, of a server whose own is 1,000 bytes. */
async function serve(
  methods: readonly Method[],
  handlers: Record<string, unknown>,
  connection = 1000,
): Promise<RawPeer> {
  server = inMemory(handlersOf(methods, handlers as Record<string, AnyHandler>), {
    limits: { connectionWindow: 1000, window: 100_000 },
  });
  const ids = methods.map(({ id }) => id);
  return new RawPeer(await server.open()).hello(ids, { connection, window: 100_000 });
}

const item = (id: number, size: number) =>
  ({ kind: FRAME.ITEM, id, body: JSON.stringify("x".repeat(size - 12)) }) as const;
const creditOf = ({ payload }: { readonly payload: Buffer }): number => payload.readUInt32BE(0);

test("a response stream that its connection may not hold ends, and the connection goes on", async () => {
  const { client, peer } = await connectRaw({
    method: { kind: "server-streaming", responseItem: any },
    limits: { bytes: 100_000 },
  });
  const { it } = client as unknown as {
    it: { get(request: object): AsyncIterable<unknown> & { response: Promise<unknown> } };
  };
  const unread = it.get({});
  await peer.next(FRAME.OPEN);
  // The first is within what is held without asking the account.
  for (const size of [50_000, 50_000, 70_000])
    peer.send({ kind: FRAME.ITEM, id: 1, body: JSON.stringify("x".repeat(size)) });
  expect(await failure(unread.response)).toMatchObject({
    status: "RESOURCE_EXHAUSTED",
    message: expect.stringContaining("this connection may hold 100000 bytes of memory"),
  });
  await peer.next(FRAME.CANCEL);
  const items = it.get({})[Symbol.asyncIterator]();
  const first = items.next();
  const { id } = await peer.next(FRAME.OPEN);
  peer.send({ kind: FRAME.ITEM, id, body: "7" });
  expect(await first).toEqual({ done: false, value: 7 });
  await client.close();
});

describe("a receiver", () => {
  test("announces its window in HELLO, and grants what the handlers have taken, of all streams together", async () => {
    const read = async (_: unknown, items: AsyncIterable<unknown>): Promise<number> => {
      let count = 0;
      for await (const _item of items) count++;
      return count;
    };
    const peer = await serve([UP], { [UP.id]: read });
    expect(await peer.remoteHello()).toMatchObject({ limits: { connection: 1000 } });
    for (const id of [1, 3]) peer.open(id, "{}", { flags: FLAG.STREAM }).send(item(id, 100));
    const credit = await peer.next(FRAME.CREDIT);
    expect([credit.id, creditOf(credit)]).toEqual([0, 200]);
  });

  test("closes the connection at an item beyond the window, which unread streams have filled", async () => {
    const peer = await serve([UP], { [UP.id]: () => new Promise(() => undefined) });
    for (const id of [1, 3]) peer.open(id, "{}", { flags: FLAG.STREAM }).send(item(id, 450));
    peer.send(item(3, 101));
    expect(await peer.reason()).toBe("an item of 91 bytes for call 3, beyond the window of the connection");
  });

  test("grants what calls held that have ended, and what arrives for them", async () => {
    const peer = await serve([UP], { [UP.id]: () => new Promise(() => undefined) });
    peer.open(1, "{}", { flags: FLAG.STREAM }).send(item(1, 900), { kind: FRAME.CANCEL, id: 1 });
    expect(creditOf(await peer.next(FRAME.CREDIT))).toBe(900);
    peer.send(item(1, 500));
    expect(creditOf(await peer.next(FRAME.CREDIT))).toBe(500);
  });

  test("takes an item larger than its window", async () => {
    const read = async (_: unknown, items: AsyncIterable<string>): Promise<number> => {
      let size = 0;
      for await (const text of items) size += text.length;
      return size;
    };
    const peer = await serve([UP], { [UP.id]: read });
    peer.open(1, "{}", { flags: FLAG.STREAM }).send(item(1, 5000), { kind: FRAME.END, id: 1 });
    expect((await peer.status()).body).toBe(4988);
  });

  test("sends no credit for the connection to a client that has announced no window, and does not limit it", async () => {
    server = inMemory(handlersOf([UP], { [UP.id]: (() => new Promise(() => undefined)) as AnyHandler }), {
      limits: { connectionWindow: 1000, window: 100_000 },
    });
    const peer = new RawPeer(await server.open()).hello([UP.id]);
    peer.open(1, "{}", { flags: FLAG.STREAM }).send(item(1, 900), item(1, 900), { kind: FRAME.CANCEL, id: 1 });
    expect((await peer.status()).code).toBe(499);
    expect(peer.frames.filter(({ kind }) => kind === FRAME.CREDIT)).toEqual([]);
    peer.send({ kind: FRAME.CREDIT, id: 0, credit: 1 });
    expect(await peer.reason()).toBe("CREDIT with call id 0");
  });

  test("keeps no more back than leaves its sender without credit while nothing is held", () => {
    const random = new Random(SEED);
    for (const window of [1, 20, 1000, 65_536]) {
      let credit = window;
      const received = new ReceiveWindow(new HeldBytes(), (bytes) => {
        credit += bytes;
      });
      received.open(window);
      const held: number[] = [];
      for (let turn = 0; turn < 2000; turn++) {
        const cost = 11 + random.below(Math.max(1, window >> 2));
        if (cost <= credit || credit * 2 >= window) {
          credit -= cost;
          expect(received.arrive(cost), `TEST_SEED=${SEED}`).toBe(true);
          if (random.below(2) === 0) held.push(cost);
          else received.consumed(cost);
        } else if (held.length > 0) received.consumed(held.shift() as number);
        const sum = held.reduce((total, bytes) => total + bytes, 0);
        if (sum === 0) expect(credit * 2, `TEST_SEED=${SEED}`).toBeGreaterThanOrEqual(window);
        expect(credit + sum, `TEST_SEED=${SEED}`).toBeLessThanOrEqual(window);
      }
    }
  });
});

describe("a sender", () => {
  const source = (sizes: readonly number[]) =>
    async function* () {
      for (const size of sizes) yield "x".repeat(size - 12);
    };

  test("keeps to the window of its peer, over all streams together, and goes on with its credit", async () => {
    const peer = await serve([DOWN], { [DOWN.id]: source([400, 400, 400]) });
    for (const id of [1, 3]) peer.open(id, "{}", { credit: 100_000 });
    const items = () => peer.frames.filter(({ kind }) => kind === FRAME.ITEM);
    await until("the first items", () => items().length === 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(items()).toHaveLength(2);
    peer.send({ kind: FRAME.CREDIT, id: 0, credit: 800 });
    await until("the next items", () => items().length === 4);
    expect(new Set(items().map(({ id }) => id))).toEqual(new Set([1, 3]));
    peer.send({ kind: FRAME.CREDIT, id: 0, credit: 800 });
    await until("all items", () => items().length === 6);
  });

  test("sends an item larger than the window once at least half of it is left", async () => {
    const peer = await serve([DOWN], { [DOWN.id]: source([600, 3000]) });
    peer.open(1, "{}", { credit: 100_000 });
    await peer.next(FRAME.ITEM);
    peer.send({ kind: FRAME.CREDIT, id: 0, credit: 99 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(peer.frames.filter(({ kind }) => kind === FRAME.ITEM)).toHaveLength(1);
    peer.send({ kind: FRAME.CREDIT, id: 0, credit: 1 });
    expect((await peer.next(FRAME.ITEM)).payload).toHaveLength(2990);
  });

  test("gives the credit of a cancelled item to the next one", async () => {
    const peer = await serve([DOWN], { [DOWN.id]: source([900, 400]) });
    peer.open(1, "{}", { credit: 100_000 });
    await peer.next(FRAME.ITEM);
    peer.open(3, "{}", { credit: 100_000 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    peer.send({ kind: FRAME.CANCEL, id: 1 }, { kind: FRAME.CANCEL, id: 3 }).open(5, "{}", { credit: 100_000 });
    peer.send({ kind: FRAME.CREDIT, id: 0, credit: 900 });
    expect((await peer.next(FRAME.ITEM)).id).toBe(5);
  });

  test("closes the connection at credit beyond the window", async () => {
    const { client, peer } = await connectRaw({ remote: { connection: 1000 } });
    peer.send({ kind: FRAME.CREDIT, id: 0, credit: 1 });
    expect(await peer.reason()).toBe("credit of the connection over its window");
    await client.close();
  });

  test("sends items that wait first come first served", () => {
    const sent: string[] = [];
    const window = new SendWindow();
    window.open(100);
    expect(window.take(80)).toBe(true);
    window.wait(40, () => sent.push("large"));
    window.wait(5, () => sent.push("small"));
    expect(window.take(1)).toBe(false);
    window.grant(10);
    expect(sent).toEqual([]);
    window.grant(20);
    expect(sent).toEqual(["large", "small"]);
  });
});

describe("random streams under small windows", () => {
  interface Streams {
    readonly [resource: string]: { readonly [verb: string]: (...args: unknown[]) => AsyncIterable<unknown> };
  }

  test.each([
    [1, 1],
    [50, 300],
    [300, 50],
    [2000, 2000],
  ])("deliver everything in order, with windows of %i and %i bytes", async (ours, theirs) => {
    const random = new Random(SEED);
    const echo = async function* (_: unknown, items: AsyncIterable<unknown>) {
      for await (const item of items) {
        if (random.below(8) === 0) await new Promise((resolve) => setImmediate(resolve));
        yield item;
      }
    };
    server = inMemory(handlersOf([ECHO], { [ECHO.id]: echo as unknown as AnyHandler }), {
      limits: { connectionWindow: ours, window: 120, windowGrowth: 200 },
    });
    const options = { limits: { connectionWindow: theirs, window: 90, windowGrowth: 200 }, reconnect: false } as const;
    const client = await connectApi(apiOf(ECHO), server, options);
    const run = async (stream: number): Promise<void> => {
      const items = Array.from({ length: 20 }, (_, index) => `${stream}/${index}/${"x".repeat(random.below(200))}`);
      const leaveAt = random.below(3) === 0 ? random.below(20) : 20;
      let taken = 0;
      for await (const item of (client as unknown as Streams)["echo"]?.["update"]?.({}, items) ?? []) {
        expect(item, `TEST_SEED=${SEED}`).toBe(items[taken++]);
        if (taken > leaveAt) return;
        if (random.below(8) === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(taken, `TEST_SEED=${SEED}`).toBe(20);
    };
    await within(
      `all streams (TEST_SEED=${SEED})`,
      Promise.all(Array.from({ length: 30 }, (_, stream) => run(stream))),
    );
    await client.close();
  });
});
