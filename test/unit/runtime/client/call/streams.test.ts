import { PassThrough, Readable } from "node:stream";
import type {
  CallOptions,
  Client,
  ClientInterceptor,
  ConnectOptions,
  ResponseStream,
  RpcError,
  SafeResponseStream,
} from "sshrpc/client";
import type { Method } from "sshrpc/generated";
import { afterEach, describe, expect, test } from "vitest";
import { FLAG, FRAME, type Frame, type RawPeer } from "../../../../support/raw-peer.js";
import { any, connectRaw, only } from "../../support/server.js";
import { failure, until, within } from "../../support/wait.js";

const DOWN: Partial<Method> = { kind: "server-streaming", responseItem: any };
const UP: Partial<Method> = { kind: "client-streaming", requestItem: any };
const BOTH: Partial<Method> = { kind: "bidirectional", requestItem: any, responseItem: any };

interface Streams {
  readonly down: ((request?: unknown, options?: CallOptions) => ResponseStream<unknown, unknown>) & {
    safe(request?: unknown, options?: CallOptions): SafeResponseStream<unknown, unknown, RpcError>;
  };
  readonly up: (request: unknown, items: unknown, options?: CallOptions) => Promise<unknown>;
  readonly both: (request: unknown, items: unknown, options?: CallOptions) => ResponseStream<unknown, unknown>;
}

let connected: { client: Client; peer: RawPeer } | undefined;

/** A client of one method; the test plays the server. */
async function connect(method: Partial<Method>, options: ConnectOptions & { remote?: object } = {}) {
  const { client, peer } = await connectRaw({ remote: { window: 1000 }, retries: 0, ...options, method });
  connected = { client, peer };
  const call = client.it.get as unknown;
  return { client, peer, calls: { down: call, up: call, both: call } as Streams };
}

afterEach(async () => {
  connected?.peer.duplex.destroy();
  await within("the client's end", connected?.client.close() ?? Promise.resolve());
  connected = undefined;
});

const item = (body: string, id = 1): Frame => ({ kind: FRAME.ITEM, id, body });
const settle = async (): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 3));
  // A frame needs some turns of the event loop to reach the other end.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function collect(stream: AsyncIterable<unknown>): Promise<{ items: unknown[]; error?: RpcError }> {
  const items: unknown[] = [];
  try {
    for await (const one of stream) items.push(one);
    return { items };
  } catch (error) {
    return { items, error: error as RpcError };
  }
}

describe("a response stream", () => {
  test("yields its items, then its response", async () => {
    const { peer, calls } = await connect({ ...DOWN, response: any });
    const stream = calls.down();
    await peer.next(FRAME.OPEN);
    peer.send(item("1"), item('"two"')).answer(1, 200, '{"n":3}');
    expect(await collect(stream)).toEqual({ items: [1, "two"] });
    expect(await stream.response).toEqual({ n: 3 });
    expect(await collect(stream)).toEqual({ items: [] });
  });

  test("yields the items before an error, and throws the error once", async () => {
    const { peer, calls } = await connect(DOWN);
    const stream = calls.down();
    await peer.next(FRAME.OPEN);
    peer.send(item("1")).answer(1, 404, '{"message":"no ☺","details":[1]}');
    const error = { status: "NOT_FOUND", message: "no ☺", details: [1], method: "GET /it" };
    expect(await collect(stream)).toMatchObject({ items: [1], error });
    expect(await failure(stream.response)).toMatchObject(error);
    expect(await collect(stream)).toEqual({ items: [] });
  });

  test("never throws with `safe`", async () => {
    const { peer, calls } = await connect(DOWN);
    const stream = calls.down.safe();
    await peer.next(FRAME.OPEN);
    peer.send(item("1")).answer(1, 404, "{}");
    expect(await collect(stream)).toEqual({ items: [1] });
    expect(await stream.result).toMatchObject({ ok: false, error: { status: "NOT_FOUND" } });
  });

  const pass: ClientInterceptor = (call, next) => next(call);

  test.each([
    ["plain", [], (calls: Streams) => calls.down()],
    ["safe", [], (calls: Streams) => calls.down.safe()],
    ["intercepted", [pass], (calls: Streams) => calls.down()],
    ["safe and intercepted", [pass, pass], (calls: Streams) => calls.down.safe()],
  ] as const)(
    "cancels its call at once when it is left while it waits for an item (%s)",
    async (_, interceptors, open) => {
      const { peer, calls } = await connect(DOWN, { interceptors });
      const iterator = open(calls)[Symbol.asyncIterator]();
      await peer.next(FRAME.OPEN);
      const waiting = iterator.next();
      await settle();
      await within("return", iterator.return?.() ?? Promise.reject(new Error("it cannot be left")));
      await peer.next(FRAME.CANCEL);
      expect(await within("the wait's end", waiting)).toMatchObject({ done: true });
    },
  );

  test.each([[[]], [[pass]]])("cancels its call when its Node stream is destroyed", async (interceptors) => {
    const { peer, calls } = await connect(DOWN, { interceptors });
    const readable = Readable.from(calls.down());
    readable.on("error", () => undefined);
    readable.resume();
    await peer.next(FRAME.OPEN);
    await settle();
    readable.destroy();
    await peer.next(FRAME.CANCEL);
  });

  test("cancels its call when it is disposed, by `cancel()`, and when its consumer throws", async () => {
    const { peer, calls } = await connect(DOWN);
    {
      await using _stream = calls.down();
    }
    await peer.next(FRAME.CANCEL);
    const cancelled = calls.down();
    cancelled.cancel();
    expect(await collect(cancelled)).toMatchObject({ items: [], error: { status: "CANCELLED" } });
    await peer.next(FRAME.CANCEL);
    const third = calls.down();
    await until("its OPEN", () => peer.frames.filter(({ kind }) => kind === FRAME.OPEN).length === 3);
    const ids = peer.frames.filter(({ kind }) => kind === FRAME.OPEN).map(({ id }) => id);
    peer.send(item("1", ids[2]));
    const boom = new Error("boom");
    const consume = async (): Promise<void> => {
      for await (const _one of third) throw boom;
    };
    expect(await failure(consume())).toBe(boom);
    await peer.next(FRAME.CANCEL);
    expect(await failure(third.response)).toMatchObject({ status: "CANCELLED" });
  });

  test("yields the items that arrived before a cancel", async () => {
    const { peer, calls } = await connect(DOWN);
    const stream = calls.down();
    await peer.next(FRAME.OPEN);
    peer.send(item("1"), item("2"));
    await settle();
    stream.cancel();
    expect(await collect(stream)).toMatchObject({ items: [1, 2], error: { status: "CANCELLED" } });
  });

  test("fails with INTERNAL at an invalid item, after the valid ones, and cancels the call at the server", async () => {
    const { peer, calls } = await connect({ ...DOWN, responseItem: only((value) => value === 1) });
    for (const bad of ["2", "{", ""]) {
      const stream = calls.down();
      const { id } = await peer.next(FRAME.OPEN);
      peer.send(item("1", id), item(bad, id), item("1", id));
      expect(await collect(stream)).toMatchObject({ items: [1], error: { status: "INTERNAL" } });
      await peer.next(FRAME.CANCEL);
      peer.answer(id, 499);
    }
  });

  test("fails with MESSAGE_TOO_LARGE at an oversized item, read or skipped", async () => {
    const { peer, calls } = await connect(DOWN, { limits: { message: 1000 } });
    for (const size of [1001, 100_000]) {
      const stream = calls.down();
      const { id } = await peer.next(FRAME.OPEN);
      peer.send(item("1", id), item("x".repeat(size), id));
      expect(await collect(stream)).toMatchObject({ items: [1], error: { status: "MESSAGE_TOO_LARGE" } });
      peer.answer(id, 499);
    }
  });

  test("announces its window in OPEN, and grants credit only as items are taken", async () => {
    const { peer, calls } = await connect(DOWN, { limits: { window: 100, windowGrowth: 1 } });
    const stream = calls.down();
    expect((await peer.next(FRAME.OPEN)).payload.readUInt32BE(6)).toBe(100);
    peer.send(...Array.from({ length: 9 }, (_, index) => item(`${index}`)));
    await settle();
    expect(peer.frames.filter(({ kind }) => kind === FRAME.CREDIT)).toHaveLength(0);
    const iterator = stream[Symbol.asyncIterator]();
    for (let taken = 0; taken < 5; taken++) await iterator.next();
    expect((await peer.next(FRAME.CREDIT)).payload.readUInt32BE(0)).toBe(55);
    await iterator.return?.();
  });

  test("that is never iterated ends with its call, and buffers at most its window", async () => {
    const { client, peer, calls } = await connect(DOWN, { limits: { window: 100 } });
    const stream = calls.down();
    await peer.next(FRAME.OPEN);
    peer.send(...Array.from({ length: 10 }, () => item("1")));
    peer.send(item("1"));
    expect(await failure(stream.response)).toMatchObject({ status: "UNAVAILABLE" });
    expect(await peer.reason()).toBe("an item beyond the credit of its stream");
    expect(client.state).toBe("closed");
  });
});

describe("headers", () => {
  const headers: Frame = { kind: FRAME.HEADERS, id: 1, metadata: '[["x-a","1"],["x-a","2"]]' };

  test("arrive before the first item, and trailers at the end", async () => {
    const { peer, calls } = await connect(DOWN);
    const heard: unknown[] = [];
    const stream = calls.down(
      {},
      {
        onHeaders: (headers) => heard.push([...headers]),
        onTrailers: (trailers) => heard.push([...trailers]),
      },
    );
    await peer.next(FRAME.OPEN);
    peer.send(headers, item("1"), { kind: FRAME.STATUS, id: 1, code: 200, metadata: '[["x-t","3"]]', body: "null" });
    expect(await collect(stream)).toEqual({ items: [1] });
    expect(heard).toEqual([[["x-a", ["1", "2"]]], [["x-t", ["3"]]]]);
  });

  test.each([
    ["a second time", [headers, headers]],
    ["after an item", [item("1"), headers]],
  ])("%s break the protocol", async (_, frames) => {
    const { peer, calls } = await connect(DOWN);
    const stream = calls.down();
    await peer.next(FRAME.OPEN);
    peer.send(...frames);
    expect(await peer.reason()).toBe("HEADERS for call 1 after its first headers or item");
    expect((await collect(stream)).error).toMatchObject({ status: "UNAVAILABLE" });
  });

  test("fail only their call with the exception of onHeaders", async () => {
    const { client, peer, calls } = await connect(DOWN);
    const stream = calls.down(
      {},
      {
        onHeaders: () => {
          throw new Error("boom");
        },
      },
    );
    await peer.next(FRAME.OPEN);
    peer.send(headers);
    expect((await collect(stream)).error).toMatchObject({ message: "boom" });
    await peer.next(FRAME.CANCEL);
    expect(client.state).toBe("ready");
  });
});

describe("a request stream", () => {
  test("is sent after OPEN, and ended with END", async () => {
    const { peer, calls } = await connect(UP);
    const response = calls.up({ a: 1 }, [1, "two"]);
    expect((await peer.next(FRAME.OPEN)).flags).toBe(FLAG.STREAM);
    await peer.next(FRAME.END);
    const sent = peer.frames.filter(({ kind }) => kind === FRAME.ITEM).map(({ payload }) => `${payload}`);
    expect(sent).toEqual(["1", '"two"']);
    peer.answer(1, 200, "7");
    expect(await response).toBe(7);
  });

  test.each([undefined, null, 7, "text", {}, { [Symbol.asyncIterator]: null }])(
    "of %j fails with BAD_REQUEST before the call is sent",
    async (source) => {
      const { peer, calls } = await connect(UP);
      expect(await failure(calls.up({}, source))).toMatchObject({
        status: "BAD_REQUEST",
        message: expect.stringContaining(", not an async iterable or an iterable"),
        method: "GET /it",
      });
      await settle();
      expect(peer.frames.filter(({ kind }) => kind === FRAME.OPEN)).toHaveLength(0);
    },
  );

  test("with an invalid item fails with BAD_REQUEST and its issues, and cancels the call at the server", async () => {
    const { peer, calls } = await connect({ ...UP, requestItem: only((value) => value === 1) });
    let left = false;
    const source = (function* () {
      try {
        yield* [1, 2, 1];
      } finally {
        left = true;
      }
    })();
    expect(await failure(calls.up({}, source))).toMatchObject({
      status: "BAD_REQUEST",
      details: { issues: [{ path: "/x" }] },
    });
    await peer.next(FRAME.CANCEL);
    expect(left).toBe(true);
    expect(peer.frames.filter(({ kind }) => kind === FRAME.ITEM)).toHaveLength(1);
  });

  test("whose return() hangs or fails does not delay the error", async () => {
    for (const leave of [() => new Promise<never>(() => undefined), () => Promise.reject(new Error("in return"))]) {
      const { calls, client } = await connect({ ...UP, requestItem: only(() => false) });
      const source = { next: async () => ({ done: false, value: 1 }), return: leave };
      expect(await failure(calls.up({}, { [Symbol.asyncIterator]: () => source }))).toMatchObject({
        status: "BAD_REQUEST",
      });
      await client.close();
    }
  });

  test("is released unread when its call fails first, because it may hold a file", async () => {
    const { client, calls } = await connect({ ...UP, request: only((value) => value === 1) });
    const fail = async (request: unknown, options?: CallOptions): Promise<unknown> => {
      const node = new PassThrough();
      let cancelled = 0;
      const web = () => new ReadableStream({ cancel: () => void cancelled++ });
      const errors = await Promise.all([node, web()].map((source) => failure(calls.up(request, source, options))));
      expect([node.destroyed, cancelled]).toEqual([true, 1]);
      const unread = [1, 2][Symbol.iterator]();
      await failure(calls.up(request, unread, options));
      expect([...unread]).toEqual([1, 2]);
      return errors[0];
    };
    expect(await fail(2)).toMatchObject({ status: "BAD_REQUEST" });
    expect(await fail(1, { signal: AbortSignal.abort() })).toMatchObject({ status: "CANCELLED" });
    await client.close();
    expect(await fail(1)).toMatchObject({ status: "UNAVAILABLE" });
  });

  test("of a Node stream is released when an interceptor does not send it, even if it fails meanwhile", async () => {
    const refuse: ClientInterceptor = async () => {
      await settle();
      throw new Error("refused");
    };
    const { calls } = await connect(UP, { interceptors: [refuse] });
    const [idle, failing] = [new PassThrough(), new PassThrough()];
    const responses = [idle, failing].map((stream) => failure(calls.up({}, stream)));
    failing.destroy(new Error("boom"));
    for (const error of await Promise.all(responses)) expect(error).toMatchObject({ message: "refused" });
    expect(idle.destroyed).toBe(true);
  });

  test("of a Node stream that fails before it is sent is CANCELLED, and does not crash the process", async () => {
    const { peer, calls } = await connect(UP, { remote: { window: undefined } });
    const boom = new Error("boom");
    const stream = new PassThrough();
    const response = failure(calls.up({}, stream));
    await peer.next(FRAME.OPEN);
    stream.destroy(boom);
    await settle();
    peer.send({ kind: FRAME.CREDIT, id: 1, credit: 100 });
    expect(await response).toMatchObject({ status: "CANCELLED", cause: boom });
  });

  test("that throws is CANCELLED, with the exception as the cause", async () => {
    const { peer, calls } = await connect(UP);
    const boom = new Error("boom");
    const response = calls.up(
      {},
      (function* () {
        yield 1;
        throw boom;
      })(),
    );
    expect(await failure(response)).toMatchObject({
      status: "CANCELLED",
      message: "the request stream failed: boom",
      cause: boom,
    });
    await peer.next(FRAME.CANCEL);
  });

  test("without end stops at the window, and is left when the server responds early", async () => {
    const { peer, calls } = await connect(UP, { remote: { window: 100 } });
    let [asked, left] = [0, false];
    const response = calls.up(
      {},
      (function* () {
        try {
          for (;;) yield asked++;
        } finally {
          left = true;
        }
      })(),
    );
    await until("a full window", () => peer.frames.filter(({ kind }) => kind === FRAME.ITEM).length === 10);
    await settle();
    expect(asked).toBe(10);
    peer.answer(1, 200, '"enough"');
    expect(await response).toBe("enough");
    await until("the source's end", () => left);
    expect(peer.frames.filter(({ kind }) => kind === FRAME.CANCEL || kind === FRAME.END)).toHaveLength(0);
  });

  test("that waits for credit is left when the connection is lost", async () => {
    const { peer, calls } = await connect(UP, { remote: { window: 100 } });
    let left = false;
    const response = calls.up(
      {},
      (function* () {
        try {
          for (;;) yield 1;
        } finally {
          left = true;
        }
      })(),
    );
    await until("a full window", () => peer.frames.filter(({ kind }) => kind === FRAME.ITEM).length === 10);
    peer.duplex.destroy();
    expect(await failure(response)).toMatchObject({ status: "UNAVAILABLE" });
    await until("the source's end", () => left);
  });

  test("waits for credit if the initial window is 0", async () => {
    const { peer, calls } = await connect(UP, { remote: { window: undefined } });
    const response = calls.up({}, [1]);
    await peer.next(FRAME.OPEN);
    await settle();
    expect(peer.frames.filter(({ kind }) => kind === FRAME.ITEM)).toHaveLength(0);
    peer.send({ kind: FRAME.CREDIT, id: 1, credit: 1 });
    await peer.next(FRAME.ITEM);
    // The source is asked for the next item only when there is credit for it.
    peer.send({ kind: FRAME.CREDIT, id: 1, credit: 100 });
    await peer.next(FRAME.END);
    peer.answer(1, 200, "1");
    expect(await response).toBe(1);
  });

  test("of raw bytes is split into items that the server accepts", async () => {
    const { peer, calls } = await connect(
      { ...UP, requestItem: "bytes" },
      { remote: { message: 1000, window: 100_000 } },
    );
    calls.up({}, [Buffer.alloc(2500, "x"), Buffer.alloc(0)]).catch(() => undefined);
    await peer.next(FRAME.END);
    const pieces = peer.frames.filter(({ kind }) => kind === FRAME.ITEM).map(({ payload }) => payload.length);
    expect(pieces).toEqual([1000, 1000, 500]);
  });

  test("with an item over the server's limit fails with MESSAGE_TOO_LARGE before it is sent", async () => {
    const { peer, calls } = await connect(UP, { remote: { message: 100, window: 100_000 } });
    expect(await failure(calls.up({}, ["x".repeat(98), "x".repeat(99)]))).toMatchObject({
      status: "MESSAGE_TOO_LARGE",
    });
    await peer.next(FRAME.CANCEL);
    expect(peer.frames.filter(({ kind }) => kind === FRAME.ITEM)).toHaveLength(1);
  });
});

describe("a server that violates the stream protocol is disconnected with a reason", () => {
  const cases: [string, Partial<Method>, Frame[], string][] = [
    ["an item for a call without a response stream", UP, [item("1")], "ITEM for call 1, which has no response stream"],
    [
      "an oversized item for a call without a response stream",
      UP,
      [item("x".repeat(5 << 20))],
      "ITEM for call 1, which has no response stream",
    ],
    ["an item for a call that is not open", DOWN, [item("1", 3)], "ITEM for call 3, which is not open"],
    [
      "an item after the status",
      DOWN,
      [{ kind: FRAME.STATUS, id: 1, code: 200, body: "null" }, item("1")],
      "ITEM for call 1, which is not open",
    ],
    [
      "a second status",
      DOWN,
      [
        { kind: FRAME.STATUS, id: 1, code: 200, body: "null" },
        { kind: FRAME.STATUS, id: 1, code: 200, body: "null" },
      ],
      "STATUS for call 1, which is not open",
    ],
    ["END", DOWN, [{ kind: FRAME.END, id: 1 }], "END for call 1, which was never opened"],
    [
      "credit for a call without a request stream",
      DOWN,
      [{ kind: FRAME.CREDIT, id: 1, credit: 1 }],
      "CREDIT for call 1, which has no request stream",
    ],
    [
      "more credit than the maximum of a stream",
      BOTH,
      [{ kind: FRAME.CREDIT, id: 1, credit: 0x7fff_ffff }],
      "credit of 2147484647 bytes for call 1",
    ],
    [
      "headers for a call that is not open",
      DOWN,
      [{ kind: FRAME.HEADERS, id: 5 }],
      "HEADERS for call 5, which is not open",
    ],
  ];

  test.each(cases)("%s", async (_, method, frames, reason) => {
    const { peer, calls } = await connect(method);
    const call: ResponseStream<unknown, unknown> | Promise<unknown> =
      method === UP ? calls.up({}, forever()) : method === DOWN ? calls.down() : calls.both({}, forever());
    const response = "response" in call ? call.response : call;
    const outcome = response.then(
      () => "OK",
      ({ status }: RpcError) => status,
    );
    await peer.next(FRAME.OPEN);
    peer.send(...frames);
    expect(await peer.reason()).toBe(reason);
    expect(["OK", "UNAVAILABLE"]).toContain(await within("the call's end", outcome));
  });

  test("also for a window above the maximum", async () => {
    expect(await failure(connect(UP, { remote: { window: 2 ** 31 } }))).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringContaining("limits.window"),
    });
  });
});

async function* forever(): AsyncGenerator<number> {
  await new Promise(() => undefined);
  yield 1;
}
