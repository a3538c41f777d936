import type { Context } from "sshrpc/server";
import { afterEach, describe, expect, test } from "vitest";
import { encodeFrame, FRAME, PREAMBLE, type RawPeer } from "../../../support/raw-peer.js";
import { type RawServed, serveRaw } from "../support/server.js";
import { until, within } from "../support/wait.js";
import { Random, SEED } from "./random.js";

let running: RawServed | undefined;

async function serve(...args: Parameters<typeof serveRaw>): Promise<RawServed> {
  const started = await serveRaw(...args);
  running = started;
  return started;
}

afterEach(async () => {
  running?.peer.duplex.destroy();
  await within("the server's end", running?.server.close() ?? Promise.resolve());
  expect(running?.server.clients.length ?? 0).toBe(0);
  running = undefined;
});

const echo = (request: unknown): unknown => request;
/** A handler that ends only when its call is aborted, and records that. */
function waiting(): {
  handler: (request: unknown, ctx: Context) => Promise<unknown>;
  started: Context[];
  aborted: string[];
} {
  const started: Context[] = [];
  const aborted: string[] = [];
  const handler = (_: unknown, ctx: Context): Promise<unknown> => {
    started.push(ctx);
    return new Promise((resolve) => {
      ctx.signal.addEventListener("abort", () => {
        aborted.push(ctx.signal.reason.status);
        resolve(null);
      });
    });
  };
  return { handler, started, aborted };
}

describe("a client that breaks the protocol receives the reason and is disconnected, by", () => {
  const reasons: [string, (peer: RawPeer) => void, string][] = [
    ["an OPEN before HELLO", (peer) => peer.bytes(PREAMBLE).open(1), "OPEN before HELLO"],
    [
      "a CANCEL before HELLO",
      (peer) => peer.bytes(PREAMBLE).send({ kind: FRAME.CANCEL, id: 1 }),
      "CANCEL before HELLO",
    ],
    ["an oversize OPEN before HELLO", (peer) => peer.bytes(PREAMBLE).open(1, "x".repeat(5 << 20)), "OPEN before HELLO"],
    [
      "an oversize HELLO",
      (peer) => peer.bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body: "x".repeat((4 << 20) + 1) }),
      "HELLO of 4194305 bytes",
    ],
    ["a second preamble", (peer) => peer.hello().hello(), "unknown frame kind"],
    ["a second HELLO", (peer) => peer.hello().send({ kind: FRAME.HELLO, id: 0, body: "{}" }), "a second HELLO"],
    [
      "a HELLO of invalid JSON",
      (peer) => peer.bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body: "{" }),
      "HELLO: invalid JSON",
    ],
    [
      "an OPEN of a method that HELLO does not list",
      (peer) => peer.hello(["GET /it"]).open(1, "{}", { method: 1 }),
      "OPEN of method 1",
    ],
    ["an OPEN with an id of the server", (peer) => peer.hello(["GET /it"]).open(2), "OPEN with id 2"],
    [
      "an OPEN with an id that is in use",
      (peer) => peer.hello(["GET /it"]).open(1).open(1),
      "OPEN with id 1, which is open",
    ],
    [
      "an oversize OPEN with an id that is in use",
      (peer) =>
        peer
          .hello(["GET /it"])
          .open(1)
          .open(1, "x".repeat(5 << 20)),
      "OPEN with id 1, which is open",
    ],
    [
      "an OPEN with malformed metadata",
      (peer) => peer.hello(["GET /it"]).open(1, "{}", { metadata: "[1]" }),
      "metadata: not a list of pairs",
    ],
    ["a STATUS for a call that is not open", (peer) => peer.hello().answer(2), "STATUS for call 2"],
    ["a STATUS with an id of its own", (peer) => peer.hello().answer(1), "STATUS for call 1"],
    [
      "a CANCEL for a call that was never opened",
      (peer) => peer.hello().send({ kind: FRAME.CANCEL, id: 1 }),
      "CANCEL for call 1",
    ],
    [
      "a CANCEL with an id of the server",
      (peer) => peer.hello(["GET /it"]).open(1).send({ kind: FRAME.CANCEL, id: 2 }),
      "CANCEL for call 2",
    ],
    [
      "an ITEM",
      (peer) => peer.hello(["GET /it"]).open(1).send({ kind: FRAME.ITEM, id: 1, body: "1" }),
      "ITEM for call 1",
    ],
    ["an END", (peer) => peer.hello(["GET /it"]).open(1).send({ kind: FRAME.END, id: 1 }), "END for call 1"],
    ["HEADERS", (peer) => peer.hello(["GET /it"]).open(1).send({ kind: FRAME.HEADERS, id: 1 }), "HEADERS for call 1"],
    ["garbage after HELLO", (peer) => peer.hello().bytes(Buffer.from("GET / HTTP/1.1\r\n\r\n")), "unknown frame kind"],
    [
      "garbage without a preamble",
      (peer) => peer.bytes(Buffer.alloc(70_000, "GET / ")),
      "no sshrpc preamble in the first",
    ],
  ];

  test.each(reasons)("%s", async (_, misbehave, reason) => {
    const { handler, started, aborted } = waiting();
    const { peer } = await serve(handler);
    misbehave(peer);
    expect(await peer.reason()).toContain(reason);
    expect(aborted).toEqual(started.map(() => "UNAVAILABLE"));
  });

  test("silence until the time limit of HELLO", async () => {
    const { peer } = await serve(echo, { limits: { helloTimeout: 20 } });
    expect(await peer.reason()).toBe('no sshrpc preamble within 20 ms; received instead: ""');
  });

  test("a preamble and then silence", async () => {
    const { peer } = await serve(echo, { limits: { helloTimeout: 20 } });
    peer.bytes(PREAMBLE);
    expect(await peer.reason()).toBe("no HELLO within 20 ms");
  });

  test("endless bytes before the preamble, at the limit", async () => {
    const { peer } = await serve(echo, { limits: { bytesBeforePreamble: 100 } });
    for (let round = 0; round < 101 + 8; round++) peer.bytes(Buffer.from("x"));
    expect(await peer.reason()).toContain("no sshrpc preamble in the first 100 bytes");
  });

  test(`random frames, with an answer or a reason and never a crash (TEST_SEED=${SEED})`, async () => {
    const random = new Random(SEED);
    for (let round = 0; round < 60; round++) {
      const { peer, server } = await serveRaw(echo, { limits: { message: 500, helloTimeout: 100 } });
      peer.hello(["GET /it", "GET /no"]);
      for (let frame = 0; frame < 20; frame++) {
        const kind = (1 + random.below(10)) as typeof FRAME.OPEN;
        const id = random.below(4);
        const body = random.bytes(random.below(40));
        const bytes = encodeFrame({ kind, id, method: random.below(3), timeout: random.below(50), code: 200, body });
        bytes[5] = random.below(4);
        peer.bytes(bytes);
      }
      peer.duplex.end();
      await within("the end", peer.closed);
      await within(
        "the server's end",
        until("no connection", () => server.clients.length === 0),
      );
    }
  });
});

describe("a client that exceeds a limit receives a status and keeps its connection:", () => {
  test("an oversize OPEN is answered 413, whether it is decoded or skipped", async () => {
    const { peer } = await serve(echo, { limits: { message: 1000, metadata: 100 } });
    peer.hello(["GET /it"]);
    for (const [index, size] of [1001, 1050, 5000, 3_000_000].entries()) {
      peer.open(index * 2 + 1, `"${"x".repeat(size - 2)}"`);
      expect(await peer.status()).toMatchObject({ id: index * 2 + 1, code: 413 });
    }
    peer.open(9, `"${"x".repeat(998)}"`);
    expect(await peer.status()).toMatchObject({ id: 9, code: 200 });
  });

  test("metadata over the limit is answered 413", async () => {
    const { peer } = await serve(echo, { limits: { metadata: 100 } });
    peer.hello(["GET /it"]).open(1, "{}", { metadata: JSON.stringify([["a", "x".repeat(100)]]) });
    expect(await peer.status()).toMatchObject({
      id: 1,
      code: 413,
      body: { message: expect.stringContaining("limits.metadata") },
    });
    peer.open(1, "{}", { metadata: '[["a","b"]]' });
    expect(await peer.status()).toMatchObject({ id: 1, code: 200 });
  });

  test("more calls than limits.calls are answered 429, until one has ended", async () => {
    const { handler, started } = waiting();
    const { peer } = await serve(handler, { limits: { calls: 2 } });
    peer.hello(["GET /it"]).open(1).open(3).open(5);
    expect(await peer.status()).toMatchObject({ id: 5, code: 429 });
    expect(started).toHaveLength(2);
    peer.send({ kind: FRAME.CANCEL, id: 1 });
    expect(await peer.status()).toMatchObject({ id: 1, code: 499 });
    await until("room", () => started[0]?.signal.aborted);
    peer.open(1);
    await until("the third", () => started.length === 3);
  });

  test("opening and cancelling in a loop does not start handlers in a loop", async () => {
    let started = 0;
    const { peer } = await serve(
      () => {
        started++;
        return new Promise(() => undefined);
      },
      { limits: { calls: 10 } },
    );
    peer.hello(["GET /it"]);
    for (let round = 0; round < 500; round++) peer.open(1).send({ kind: FRAME.CANCEL, id: 1 });
    await until("500 answers", () => peer.frames.filter(({ kind }) => kind === FRAME.STATUS).length === 500);
    expect(started).toBe(10);
  });

  test("an unknown method fails only its calls, however long its name", async () => {
    const { peer } = await serve(echo);
    peer.hello([`GET /${"x".repeat(8000)}`, "GET /it", "nonsense", ""]);
    for (const method of [0, 2, 3]) {
      peer.open(1, "{}", { method });
      const { code, body } = await peer.status();
      expect(code).toBe(404);
      expect(body.message?.length).toBeLessThan(300);
    }
    peer.open(1, "1", { method: 1 });
    expect(await peer.status()).toMatchObject({ code: 200, body: 1 });
  });
});

describe("frames that cross", () => {
  test("a CANCEL for an answered call has no effect", async () => {
    const { peer } = await serve(echo);
    peer.hello(["GET /it"]).open(1, "1");
    expect(await peer.status()).toMatchObject({ code: 200 });
    peer.send({ kind: FRAME.CANCEL, id: 1 }).open(1, "2");
    expect(await peer.status()).toMatchObject({ id: 1, code: 200, body: 2 });
  });

  test("a CANCEL is answered at once, and the later answer of the handler is dropped", async () => {
    let finish: (value: unknown) => void = () => undefined;
    const { peer } = await serve(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    peer.hello(["GET /it"]).open(1).send({ kind: FRAME.CANCEL, id: 1 }, { kind: FRAME.CANCEL, id: 1 });
    expect(await peer.status()).toMatchObject({ id: 1, code: 499 });
    finish("late");
    peer.open(3, "{}");
    finish("in time");
    await until("the second call", () => {
      finish("in time");
      return peer.frames.filter(({ kind }) => kind === FRAME.STATUS).length === 2;
    });
    expect(await peer.status()).toMatchObject({ id: 3, code: 200, body: "in time" });
  });

  test("an id can be used again and again", async () => {
    const { peer } = await serve(echo);
    peer.hello(["GET /it"]);
    for (let round = 0; round < 300; round++) {
      peer.open(1, `${round}`);
      expect(await peer.status()).toMatchObject({ id: 1, code: 200, body: round });
    }
  });

  test("the highest id works as any other", async () => {
    const { peer } = await serve(echo);
    peer.hello(["GET /it"]).open(0xffff_ffff, "1");
    expect(await peer.status()).toMatchObject({ id: 0xffff_ffff, code: 200 });
  });

  test("frames after CLOSE in the same chunk are ignored", async () => {
    let calls = 0;
    const { peer, server } = await serve(() => ++calls);
    const close = encodeFrame({ kind: FRAME.CLOSE, id: 0, body: '{"message":"bye"}' });
    const open = encodeFrame({ kind: FRAME.OPEN, id: 1, method: 0 });
    peer.hello(["GET /it"]).bytes(Buffer.concat([close, open, Buffer.from("garbage without end")]));
    await within("the end", peer.closed);
    expect(calls).toBe(0);
    await until("no connection", () => server.clients.length === 0);
  });
});
