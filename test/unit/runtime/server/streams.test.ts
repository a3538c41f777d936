import { PassThrough } from "node:stream";
import type { Method } from "sshrpc/generated";
import type { Context, RpcError } from "sshrpc/server";
import { afterEach, describe, expect, test } from "vitest";
import { FLAG, FRAME, type Frame } from "../../../support/raw-peer.js";
import { type AnyHandler, any, only, type RawServed, serveRaw } from "../support/server.js";
import { failure, until, within } from "../support/wait.js";

const DOWN: Partial<Method> = { kind: "server-streaming", responseItem: any };
const UP: Partial<Method> = { kind: "client-streaming", requestItem: any };
const BOTH: Partial<Method> = { kind: "bidirectional", requestItem: any, responseItem: any };
const NEVER = new Promise<never>(() => undefined);

let served: RawServed | undefined;

/** Serves one method to a client played by hand, which has said hello. */
async function serve(
  method: Partial<Method>,
  handler: (...args: never[]) => unknown,
  options: object = {},
): Promise<RawServed> {
  served = await serveRaw(handler as AnyHandler, { ...options, method });
  served.peer.hello(["GET /it"], { window: 1000 });
  return served;
}

afterEach(async () => {
  served?.peer.duplex.destroy();
  await within("the server's end", served?.server.close() ?? Promise.resolve());
  served = undefined;
});

const item = (body: string, id = 1): Frame => ({ kind: FRAME.ITEM, id, body });
const END: Frame = { kind: FRAME.END, id: 1 };
const STREAM = { flags: FLAG.STREAM, credit: 1000 };

describe("a handler that streams", () => {
  test("sends headers, one frame per item, then trailers and its return value", async () => {
    const { peer } = await serve({ ...DOWN, response: any }, async function* (_: unknown, ctx: Context) {
      ctx.setHeader("x-a", "1");
      yield 1;
      ctx.setTrailer("x-b", "2");
      yield "two";
      return { sum: 3 };
    });
    peer.open(1, "{}", { credit: 1000 });
    const status = await peer.next(FRAME.STATUS);
    const frames = peer.frames.slice(1);
    expect(frames.map(({ kind }) => kind)).toEqual([FRAME.HEADERS, FRAME.ITEM, FRAME.ITEM, FRAME.STATUS]);
    expect(`${frames[2]?.payload}`).toBe('"two"');
    expect(`${status.payload.subarray(6)}`).toBe('[["x-b","2"]]{"sum":3}');
  });

  test("may return any iterable or a promise of one: an array, a Node stream", async () => {
    const sources = [[1, 2], Promise.resolve([1, 2]), PassThrough.from([1, 2]), new Set([1, 2])];
    for (const source of sources) {
      const { peer, server } = await serve({ ...DOWN, response: undefined as never }, () => source);
      peer.open(1, "{}", { credit: 1000 });
      await peer.next(FRAME.STATUS);
      expect(peer.frames.filter(({ kind }) => kind === FRAME.ITEM).map(({ payload }) => `${payload}`)).toEqual([
        "1",
        "2",
      ]);
      await server.close();
    }
  });

  test.each([undefined, null, 7, "text", {}])("fails with INTERNAL and a log line if it returns %j", async (value) => {
    const { peer, log } = await serve(DOWN, () => value);
    peer.open(1, "{}", { credit: 1000 });
    expect(await peer.status()).toMatchObject({ code: 500 });
    expect(`${log.lines.find(({ level }) => level === "error")?.fields["err"]}`).toContain(
      "items must be an async iterable",
    );
  });

  test("answers INTERNAL at once for an invalid item, even while its `finally` never ends", async () => {
    let signal: AbortSignal | undefined;
    const { peer, server } = await serve(
      { ...DOWN, responseItem: only((value) => value === 1) },
      async function* (_: unknown, ctx: Context) {
        signal = ctx.signal;
        try {
          yield 1;
          yield 2;
        } finally {
          await NEVER;
        }
      },
    );
    peer.open(1, "{}", { credit: 1000 });
    expect(await peer.status()).toMatchObject({ code: 500 });
    expect(signal?.reason).toMatchObject({ status: "INTERNAL" });
    // It is answered, but its work is not done.
    expect(server.calls).toBe(1);
  });

  test("ends its request stream for an invalid item, because its `finally` may wait for that", async () => {
    let end: unknown = "still reading";
    const { peer, server, log } = await serve(
      { ...BOTH, responseItem: only(() => false) },
      async function* (_: unknown, items: AsyncIterable<unknown>) {
        const reading = (async () => {
          for await (const _item of items);
        })().catch((error: RpcError) => {
          end = error.status;
        });
        try {
          yield 1;
        } finally {
          await reading;
        }
      },
    );
    peer.open(1, "{}", STREAM);
    expect(await peer.status()).toMatchObject({ code: 500 });
    await until("the handler's end", () => server.calls === 0);
    expect(end).toBe("INTERNAL");
    expect(`${log.lines.find(({ level }) => level === "error")?.fields["err"]}`).toContain("does not match the schema");
  });

  test("sees its signal aborted with the reason in its `finally` when the caller cancels", async () => {
    let reason: unknown = "not run";
    const { peer, server } = await serve(DOWN, async function* (_: unknown, { signal }: Context) {
      try {
        for (;;) yield "x";
      } finally {
        reason = signal.aborted && signal.reason;
      }
    });
    peer.open(1, "{}", { credit: 50 });
    await peer.next(FRAME.ITEM);
    peer.send({ kind: FRAME.CANCEL, id: 1 });
    expect(await peer.status()).toMatchObject({ code: 499 });
    await until("the handler's end", () => server.calls === 0);
    expect(reason).toMatchObject({ status: "CANCELLED" });
  });

  test("ends if its stream is created after the deadline", async () => {
    const ticks = async function* () {
      for (;;) yield "tick";
    };
    const late = () => new Promise((resolve) => setTimeout(() => resolve(ticks()), 50));
    const { peer, server } = await serve(DOWN, late);
    peer.open(1, "{}", { credit: 1000, timeout: 10 });
    expect(await peer.status()).toMatchObject({ code: 504 });
    await until("the handler to end", () => server.calls === 0);
  });

  test("destroys an idle Node stream when the caller cancels", async () => {
    const stream = new PassThrough();
    const { peer, server } = await serve({ ...DOWN, responseItem: "bytes" }, () => stream);
    peer.open(1, "{}", { credit: 50 });
    await until("the call", () => server.calls === 1);
    peer.send({ kind: FRAME.CANCEL, id: 1 });
    await until("its end", () => server.calls === 0);
    expect(stream.destroyed).toBe(true);
  });

  test("fails with the error of a Node stream that fails before it is read, without crashing the process", async () => {
    for (const late of [false, true]) {
      const stream = new PassThrough();
      const { peer, server } = await serve({ ...DOWN, responseItem: "bytes" }, () => {
        if (!late) stream.destroy(new Error("no such file"));
        return stream;
      });
      peer.open(1, "{}", { credit: 0 });
      await until("the call", () => server.calls === 1);
      stream.destroy(new Error("no such file"));
      await new Promise((resolve) => setTimeout(resolve, 5));
      peer.send({ kind: FRAME.CREDIT, id: 1, credit: 100 });
      expect(await peer.status()).toMatchObject({ code: 500 });
      await server.close();
    }
  });

  test("may close the server before it answers, and then ends with UNAVAILABLE", async () => {
    let begun: Context | undefined;
    const { peer, server } = await serve(DOWN, (_: unknown, ctx: Context) => {
      begun = ctx;
      void server.close();
      return (async function* () {
        for (;;) yield "x";
      })();
    });
    peer.open(1, "{}", { credit: 5_000 });
    expect(await peer.reason()).toBe("the server is closing");
    await until("the handler's end", () => server.calls === 0);
    expect(begun?.signal.reason).toMatchObject({ status: "UNAVAILABLE" });
  });

  test("cuts raw bytes of any size into pieces that both sides accept", async () => {
    const { peer } = await serve(
      { ...DOWN, responseItem: "bytes" },
      function* () {
        yield Buffer.alloc(0);
        yield Buffer.alloc(2500, "x");
      },
      { limits: { message: 1000 } },
    );
    peer.open(1, "{}", { credit: 100_000 });
    await peer.next(FRAME.STATUS);
    const pieces = peer.frames.filter(({ kind }) => kind === FRAME.ITEM).map(({ payload }) => payload.length);
    expect(pieces).toEqual([1000, 1000, 500]);
  });

  test("fails with MESSAGE_TOO_LARGE for an item over the limit, which is not sent", async () => {
    const { peer } = await serve(
      DOWN,
      function* () {
        yield "x".repeat(98);
        yield "x".repeat(99);
      },
      { limits: { message: 100 } },
    );
    peer.open(1, "{}", { credit: 100_000 });
    expect(await peer.status()).toMatchObject({
      code: 413,
      body: { message: "the item has 101 bytes; the limit is 100 (limits.message)" },
    });
    expect(peer.frames.filter(({ kind }) => kind === FRAME.ITEM)).toHaveLength(1);
  });

  test("ends with FORBIDDEN at the next item after its caller has lost the scope", async () => {
    const scopes = ["it"];
    let ended = false;
    const { peer } = await serve(
      { ...DOWN, scope: "it" },
      async function* (_: unknown, { signal }: Context) {
        try {
          for (;;) {
            yield "secret";
            scopes.pop();
          }
        } finally {
          ended = signal.aborted;
        }
      },
      { peer: { user: "alice", scopes } },
    );
    peer.open(1, "{}", { credit: 1000 });
    expect(await peer.status()).toMatchObject({
      code: 403,
      body: { message: "missing scope it (alice has no scopes)" },
    });
    expect(peer.frames.filter(({ kind }) => kind === FRAME.ITEM)).toHaveLength(1);
    await expect.poll(() => ended).toBe(true);
  });

  test("cannot set headers after its first item", async () => {
    const { peer, log } = await serve(DOWN, function* (_: unknown, ctx: Context) {
      yield 1;
      ctx.setHeader("x-late", "1");
    });
    peer.open(1, "{}", { credit: 1000 });
    expect(await peer.status()).toMatchObject({ code: 500 });
    expect(`${log.lines[0]?.fields["err"]}`).toContain("header x-late: too late");
  });
});

describe("a request stream", () => {
  test("arrives in order, to its end", async () => {
    const taken: unknown[] = [];
    const { peer } = await serve(UP, async (_: unknown, items: AsyncIterable<unknown>) => {
      for await (const one of items) taken.push(one);
      return taken.length;
    });
    peer.open(1, "{}", STREAM).send(item("1"), item('"two"'), item("[3]"), END);
    expect(await peer.status()).toMatchObject({ code: 200, body: 3 });
    expect(taken).toEqual([1, "two", [3]]);
  });

  test("ends with FORBIDDEN at the next item after its caller has lost the scope", async () => {
    const scopes = ["it"];
    const taken: unknown[] = [];
    const { peer } = await serve(
      { ...UP, scope: "it" },
      async (_: unknown, items: AsyncIterable<unknown>) => {
        for await (const one of items) {
          taken.push(one);
          scopes.pop();
        }
      },
      { peer: { user: "alice", scopes } },
    );
    peer.open(1, "{}", STREAM).send(item("1"));
    await expect.poll(() => taken).toEqual([1]);
    peer.send(item("2"));
    expect(await peer.status()).toMatchObject({ code: 403 });
    expect(taken).toEqual([1]);
  });

  test("with an invalid item ends with BAD_REQUEST and the path of the fault, and the handler is aborted", async () => {
    let reason: RpcError | undefined;
    const { peer, server } = await serve(
      { ...UP, requestItem: only((value) => value === 1) },
      async (_: unknown, items: AsyncIterable<unknown>, { signal }: Context) => {
        try {
          for await (const _one of items);
        } catch (error) {
          reason = error as RpcError;
          expect(signal.reason).toBe(error);
          throw error;
        }
      },
    );
    peer.open(1, "{}", STREAM).send(item("1"), item("2"), item("1"), END);
    expect(await peer.status()).toMatchObject({ code: 400, body: { details: { issues: [{ path: "/x" }] } } });
    await until("the handler's end", () => server.calls === 0);
    expect(reason?.status).toBe("BAD_REQUEST");
    expect(server.clients).toHaveLength(1);
  });

  test("with an invalid item ends with BAD_REQUEST after the answers to the items before it", async () => {
    const { peer } = await serve(
      { ...UP, kind: "bidirectional", requestItem: only((value) => value !== 3), responseItem: () => true },
      async function* (_: unknown, items: AsyncIterable<number>) {
        for await (const one of items) yield one * 10;
      },
    );
    peer.open(1, "{}", STREAM).send(item("1"), item("2"), item("3"), item("4"), END);
    expect(await peer.status()).toMatchObject({ code: 400, body: { details: { issues: [{ path: "/x" }] } } });
    const items = peer.frames.filter(({ kind }) => kind === FRAME.ITEM).map(({ payload }) => `${payload}`);
    expect(items).toEqual(["10", "20"]);
  });

  test.each(["{", '{"__proto__":1}', ""])("with the invalid JSON %j ends with BAD_REQUEST", async (body) => {
    const { peer } = await serve(UP, async (_: unknown, items: AsyncIterable<unknown>) => {
      for await (const _one of items);
    });
    peer.open(1, "{}", STREAM).send(item(body));
    expect(await peer.status()).toMatchObject({ code: 400 });
  });

  test("with an item nested deeper than the stack ends with BAD_REQUEST, without harm to other calls", async () => {
    const deep = only((value): boolean => {
      const down = (inner: unknown): boolean => !Array.isArray(inner) || inner.every(down);
      return down(value);
    });
    const { peer, server } = await serve(
      { ...UP, requestItem: deep },
      async (_: unknown, items: AsyncIterable<unknown>) => {
        for await (const _one of items);
      },
      { limits: { message: 1 << 20 } },
    );
    const nested = "[".repeat(200_000) + "]".repeat(200_000);
    peer.open(1, "{}", STREAM).send(item(nested));
    expect(await peer.status()).toMatchObject({ code: 400 });
    expect(server.clients).toHaveLength(1);
  });

  test("with an item over the limit ends with MESSAGE_TOO_LARGE, whether it is read or skipped", async () => {
    for (const size of [1001, 100_000]) {
      const { peer, server } = await serve(
        UP,
        async (_: unknown, items: AsyncIterable<unknown>) => {
          for await (const _one of items);
        },
        { limits: { message: 1000 } },
      );
      peer.open(1, "{}", STREAM).send(item("1"), item("x".repeat(size)));
      expect(await peer.status()).toMatchObject({ code: 413 });
      await server.close();
    }
  });

  test("that exceeds its credit ends the connection with a reason", async () => {
    const { peer } = await serve(UP, () => NEVER, { limits: { window: 100 } });
    peer.open(1, "{}", STREAM).send(item("1"), item('"x"'.padEnd(200)), item("1"));
    expect(await peer.reason()).toBe("an item beyond the credit of its stream");
  });

  test.each([
    ["to a method without one", DOWN, STREAM, "the method takes no request stream"],
    ["that is missing", UP, {}, expect.stringMatching(/^missing request stream; .* --items FILE/)],
  ])("%s ends with BAD_REQUEST, and its frames are skipped", async (_, method, more, message) => {
    const { peer, server } = await serve(method, () => []);
    peer.open(1, "{}", more);
    expect(await peer.status()).toMatchObject({ code: 400, body: { message } });
    peer.send(item("1"), END).open(1, "{}", more);
    expect(await peer.status()).toMatchObject({ code: 400 });
    expect(server.clients).toHaveLength(1);
  });

  test("that a handler stops reading gets no more credit, and further items are dropped", async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { peer } = await serve(
      UP,
      async (_: unknown, items: AsyncIterable<unknown>) => {
        for await (const one of items) {
          if (one === 1) break;
        }
        await gate;
        return "left";
      },
      { limits: { window: 1000 } },
    );
    peer.open(1, "{}", STREAM).send(item("1"), ...Array.from({ length: 50 }, () => item("2")));
    go();
    expect(await peer.status()).toMatchObject({ code: 200, body: "left" });
    expect(peer.frames.filter(({ kind }) => kind === FRAME.CREDIT)).toHaveLength(0);
  });

  test("ends for a reader that still iterates after the handler has returned", async () => {
    let later: Promise<unknown> | undefined;
    const { peer } = await serve(UP, (_: unknown, items: AsyncIterable<unknown>) => {
      later = items[Symbol.asyncIterator]().next();
      return "answered";
    });
    peer.open(1, "{}", STREAM);
    expect(await peer.status()).toMatchObject({ code: 200 });
    expect(await failure(later ?? NEVER)).toMatchObject({ status: "CANCELLED" });
  });

  test("does not crash the server if the promise of its next item is unhandled", async () => {
    const { peer, server } = await serve(BOTH, async function* (_: unknown, items: AsyncIterable<unknown>) {
      const asked = items[Symbol.asyncIterator]().next();
      yield 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
      await asked;
    });
    peer.open(1, "{}", STREAM);
    await peer.next(FRAME.ITEM);
    peer.send({ kind: FRAME.CANCEL, id: 1 });
    await until("the handler's end", () => server.calls === 0);
    peer.open(1, "{}", STREAM);
    await peer.next(FRAME.ITEM);
  });
});

describe("credit from a caller", () => {
  test.each([
    [
      "of more than a stream can have, at once",
      (): Frame[] => [{ kind: FRAME.OPEN, id: 1, method: 0, credit: 0x8000_0000 }],
      "OPEN with a credit of 2147483648 bytes",
    ],
    [
      "of more than a stream can have, in sum",
      (): Frame[] => [
        { kind: FRAME.OPEN, id: 1, method: 0, credit: 0x7fff_ffff },
        { kind: FRAME.CREDIT, id: 1, credit: 1 },
      ],
      "credit of 2147483648 bytes for call 1",
    ],
    [
      "for a call that was never opened",
      (): Frame[] => [{ kind: FRAME.CREDIT, id: 9, credit: 1 }],
      "CREDIT for call 9, which was never opened",
    ],
  ])("%s ends the connection with a reason", async (_, frames, reason) => {
    const { peer, server } = await serve(DOWN, async function* (_request: unknown, { signal }: Context) {
      yield* [];
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });
    peer.send(...frames());
    expect(await peer.reason()).toBe(reason);
    await until("the handler's end", () => server.calls === 0);
  });

  test("for a call that has ended is ignored", async () => {
    const { peer } = await serve(DOWN, () => [1]);
    peer.open(1, "{}", { credit: 1000 });
    await peer.next(FRAME.STATUS);
    peer.send({ kind: FRAME.CREDIT, id: 1, credit: 0xffff_ffff }).open(1, "{}", { credit: 1000 });
    await peer.next(FRAME.STATUS);
  });

  test("of 0 bytes keeps the handler from running on; the call can be cancelled", async () => {
    let asked = 0;
    const { peer, server } = await serve(DOWN, function* () {
      asked++;
      yield 1;
    });
    peer.open(1, "{}", { credit: 0 });
    await until("the call", () => server.calls === 1);
    peer.send({ kind: FRAME.CANCEL, id: 1 });
    expect(await peer.status()).toMatchObject({ code: 499 });
    await until("its end", () => server.calls === 0);
    expect(asked).toBe(0);
  });
});

test("a call with streams takes three times the memory of another one, so that fewer of them run", async () => {
  let running = 0;
  const follow = async function* (_: unknown, ctx: Context) {
    running++;
    yield 1;
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
  };
  const { peer } = await serve(DOWN, follow, { limits: { bytes: 200_000 } });
  for (let number = 0; number < 40; number++) peer.open(2 * number + 1, "{}", { credit: 1000 });
  const refused = () => peer.frames.filter(({ kind }) => kind === FRAME.STATUS).length;
  await until("all of them", () => running + refused() === 40);
  // Four blocks of 64 KiB, of 12 KiB each.
  expect(running).toBe(21);
});
