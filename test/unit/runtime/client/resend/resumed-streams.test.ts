import { type Context, Tracked, tracked } from "sshrpc/server";
import { describe, expect, test } from "vitest";
import { failure, until, within } from "../../support/wait.js";
import { connectTo, firstOf, serve } from "./numbers.js";

/** Sends the numbers up to 100 with their positions. */
async function* hundred(_request: unknown, ctx: Context) {
  for (let n = firstOf(ctx, 100); n <= 100; n++) yield tracked(String(n), n);
}

/** The items of a window arrive together, and are taken after the connection is lost, too. */
const FEW_AT_ONCE = { limits: { window: 40 } };

const ALL = Array.from({ length: 100 }, (_, index) => index + 1);

describe("a response stream whose items have positions", () => {
  test("goes on without a gap or a repeat, wherever its connection is lost", async () => {
    const { client, line } = await connectTo(serve({ "GET /numbers": hundred }), FEW_AT_ONCE);
    const received: unknown[] = [];
    for await (const n of client.numbers.get()) {
      received.push(n);
      if (received.length % 7 === 0) line.cut();
    }
    expect(received).toEqual(ALL);
    expect(line.opened).toBeGreaterThan(10);
  });

  test("goes on while its consumer takes items that arrived before the loss", async () => {
    const { client, line } = await connectTo(serve({ "GET /numbers": hundred }));
    const items = client.numbers.get()[Symbol.asyncIterator]();
    const received = [await items.next()];
    line.cut();
    while (received.at(-1)?.done !== true) received.push(await items.next());
    expect(received.slice(0, -1).map(({ value }) => value)).toEqual(ALL);
  });

  test("survives any number of lost connections, as long as items arrive between them", async () => {
    const { client, line } = await connectTo(serve({ "GET /numbers": hundred }), { retries: 1, ...FEW_AT_ONCE });
    const received: unknown[] = [];
    for await (const n of client.numbers.get()) {
      received.push(n);
      line.cut();
    }
    expect(received).toEqual(ALL);
    expect(line.opened).toBeGreaterThan(20);
  });

  test("ends after `retries` losses without a further item", async () => {
    const stuck = async function* (_request: unknown, ctx: Context) {
      if (ctx.resumeAfter === undefined) yield tracked("1", 1);
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    };
    const server = serve({ "GET /numbers": stuck });
    const { client, line } = await connectTo(server, { retries: 2 });
    const stream = client.numbers.get();
    const items = stream[Symbol.asyncIterator]();
    expect(await items.next()).toEqual({ done: false, value: 1 });
    const end = failure(items.next());
    for (const connection of [1, 2, 3]) {
      await until("the call", () => line.opened === connection && server.calls === 1);
      line.cut();
    }
    expect(await end).toMatchObject({ status: "UNAVAILABLE" });
    expect(stream.position).toBe("1");
  });

  test("is continued by another program behind the position that the first one has stored", async () => {
    const server = serve({ "GET /numbers": hundred });
    const first = await connectTo(server);
    const stream = first.client.numbers.get();
    expect(stream.position).toBeUndefined();
    for await (const n of stream) if (n === 40) break;
    expect(stream.position).toBe("40");
    const second = await connectTo(server);
    const rest = second.client.numbers.get({}, { resumeAfter: "40" });
    expect(rest.position).toBe("40");
    const received: unknown[] = [];
    for await (const n of rest) received.push(n);
    expect(received).toEqual(ALL.slice(40));
    expect(rest.position).toBe("100");
  });

  test("starts anew, behind the position that it was given, as long as no item was taken", async () => {
    const starts: (string | undefined)[] = [];
    const server = serve({
      "GET /numbers": async function* (_request: unknown, ctx: Context) {
        starts.push(ctx.resumeAfter);
        if (starts.length === 1) await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
        yield tracked("8", 8);
      },
    });
    const { client, line } = await connectTo(server);
    const next = client.numbers.get({}, { resumeAfter: "7" })[Symbol.asyncIterator]().next();
    await until("the call", () => starts.length === 1);
    line.cut();
    expect(await next).toEqual({ done: false, value: 8 });
    expect(starts).toEqual(["7", "7"]);
  });

  test("keeps its positions through interceptors that change items", async () => {
    const doubled = serve(
      { "GET /numbers": hundred },
      {
        interceptors: [
          async (call, next) => {
            const double = (n: unknown) => Number(n) * 2;
            const items = (await next(call)) as AsyncIterable<unknown>;
            return (async function* () {
              for await (const item of items) yield item instanceof Tracked ? item.map(double) : double(item);
            })();
          },
        ],
      },
    );
    const { client, line } = await connectTo(doubled);
    const received: unknown[] = [];
    for await (const n of client.numbers.get()) {
      received.push(n);
      if (received.length === 50) line.cut();
    }
    expect(received).toEqual(ALL.map((n) => n * 2));
  });

  test("gives its headers to the caller once", async () => {
    const server = serve({
      "GET /numbers": (request: unknown, ctx: Context) => {
        ctx.setHeader("x-run", ctx.resumeAfter ?? "first");
        return hundred(request, ctx);
      },
    });
    const { client, line } = await connectTo(server);
    const headers: unknown[] = [];
    let count = 0;
    for await (const _ of client.numbers.get({}, { onHeaders: (all) => headers.push(all.get("x-run")) })) {
      count += 1;
      if (count === 30) line.cut();
    }
    expect(count).toBe(100);
    expect(headers).toEqual([["first"]]);
  });

  test("has its position with `safe`, and with interceptors of the client", async () => {
    const { client } = await connectTo(serve({ "GET /numbers": hundred }), {
      interceptors: [(call, next) => next(call)],
    });
    const stream = client.numbers.get.safe();
    for await (const n of stream) if (n === 3) break;
    expect(stream.position).toBe("3");
  });

  test("goes on at another server after a graceful shutdown", async () => {
    const slow = async function* (request: unknown, ctx: Context) {
      for await (const item of hundred(request, ctx)) {
        if (item.item === 51 && ctx.resumeAfter === undefined)
          await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
        yield item;
      }
    };
    const first = serve({ "GET /numbers": slow });
    const { client, line } = await connectTo(first);
    line.target = serve({ "GET /numbers": slow });
    const received: unknown[] = [];
    for await (const n of client.numbers.get()) {
      received.push(n);
      if (n === 50) void first.close();
    }
    expect(received).toEqual(ALL);
  });
});

describe("a stream of bytes whose chunks have positions", () => {
  const DATA = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => (index * 7919) % 251));

  /** Sends the data in chunks of 100,000 bytes, each with its end as its position. */
  async function* chunks(_request: unknown, ctx: Context) {
    // The place before the first byte.
    if (ctx.resumeAfter === undefined) yield tracked("0", Buffer.alloc(0));
    for (let at = Number(ctx.resumeAfter ?? 0); at < DATA.length; at += 100_000)
      yield tracked(String(at + 100_000), DATA.subarray(at, at + 100_000));
  }

  test("goes on within a chunk", async () => {
    const { client, line } = await connectTo(serve({ "GET /bytes": chunks }), {
      limits: { window: 10_000, message: 16_384 },
    });
    const received: Uint8Array[] = [];
    let size = 0;
    let next = 40_000;
    for await (const bytes of client.bytes.get()) {
      received.push(bytes);
      size += bytes.length;
      if (size < next) continue;
      next += 90_000;
      line.cut();
    }
    expect(Buffer.concat(received).equals(DATA)).toBe(true);
    expect(line.opened).toBeGreaterThan(8);
  });
});

describe("a response stream does not resume", () => {
  test.each([
    ["items without positions", "GET /numbers"],
    ["a method that is not idempotent", "STORE /numbers"],
  ] as const)("with %s", async (_, id) => {
    const plain = async function* () {
      for (const n of ALL) yield n;
    };
    const server = serve({ [id]: id === "GET /numbers" ? plain : hundred });
    const { client, line } = await connectTo(server, FEW_AT_ONCE);
    const call = id === "GET /numbers" ? client.numbers.get : client.numbers.store;
    const stream = call();
    const items = stream[Symbol.asyncIterator]();
    expect(await items.next()).toEqual({ done: false, value: 1 });
    line.cut();
    const rest = (async () => {
      while ((await items.next()).done !== true);
    })();
    expect(await failure(rest)).toMatchObject({ status: "UNAVAILABLE" });
    if (id === "GET /numbers") expect(stream.position).toBeUndefined();
    else expect(Number(stream.position)).toBeGreaterThan(0);
  });

  test("where its handler does not ask for the position: the call ends before a repeated item", async () => {
    let runs = 0;
    const forgetful = async function* () {
      runs += 1;
      for (const n of ALL) yield tracked(String(n), n);
    };
    const { client, line } = await connectTo(serve({ "GET /numbers": forgetful }), FEW_AT_ONCE);
    const received: unknown[] = [];
    const all = (async () => {
      for await (const n of client.numbers.get()) {
        received.push(n);
        line.cut();
      }
    })();
    expect(await failure(all)).toMatchObject({
      status: "UNIMPLEMENTED",
      message: "the handler of this method cannot resume its stream",
    });
    expect(runs).toBe(2);
    expect(received).toEqual(ALL.slice(0, received.length));
  });

  test.each([
    ["of the future", "101"],
    ["of another stream", "row-7"],
  ])("behind a position %s, which the handler refuses", async (_, resumeAfter) => {
    const { client } = await connectTo(serve({ "GET /numbers": hundred }));
    expect(await failure(client.numbers.get({}, { resumeAfter }).response)).toMatchObject({
      status: "PRECONDITION_FAILED",
      message: "no such position",
    });
  });

  test.each([
    ["", "a position must not be empty"],
    ["x".repeat(513), "a position of 513 bytes; the limit is 512"],
    ["☺".repeat(171), "a position of 513 bytes; the limit is 512"],
    ["a\ud800", "a position must be well-formed Unicode: it has half of a surrogate pair"],
    [7, "a position must be a string, not number"],
  ])("behind the malformed position %j: nothing is sent", async (resumeAfter, problem) => {
    const { client } = await connectTo(serve({ "GET /numbers": hundred }));
    const stream = client.numbers.get({}, { resumeAfter: resumeAfter as string });
    expect(await failure(stream.response)).toMatchObject({
      status: "BAD_REQUEST",
      message: `option resumeAfter: ${problem}`,
    });
  });

  test("where the method has no response stream", async () => {
    const { client } = await connectTo(serve({}));
    expect(await failure(client.orders.store({}, { resumeAfter: "7" }))).toMatchObject({
      status: "BAD_REQUEST",
      message: "option resumeAfter: the method has no response stream that could resume",
    });
  });
});

describe("tracked", () => {
  test.each([
    ["", "must not be empty"],
    ["x".repeat(513), "513 bytes"],
    ["\udfff", "surrogate"],
  ])("rejects the position %j", (position, problem) => {
    expect(() => tracked(position, 1)).toThrow(problem);
  });

  test("takes any position of 1 to 512 bytes, which arrives as it is", async () => {
    const positions = ["0", "é☺\u{1f600}\0\n\"'%41", "☺".repeat(170), "x".repeat(512)];
    const { client } = await connectTo(
      serve({
        "GET /numbers": async function* () {
          for (const position of positions) yield tracked(position, null);
        },
      }),
    );
    const stream = client.numbers.get();
    const received: unknown[] = [];
    for await (const _ of stream) received.push(stream.position);
    expect(received).toEqual(positions);
    await within("the response", stream.response);
  });
});
