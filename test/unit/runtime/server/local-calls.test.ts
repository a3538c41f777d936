import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { EncodedJson } from "../../../../runtime/src/codec/encoded-json.js";
import type { ServedCall } from "../../../../runtime/src/server/api-server-options.js";
import type { Context } from "../../../../runtime/src/server/call/context.js";
import { noSuchNote, serveNotes } from "../adapters/notes-server.js";
import { ALICE } from "../support/server.js";
import { failure, until } from "../support/wait.js";

const peer = ALICE;
const value = async (response: Promise<EncodedJson | undefined>) => (await response)?.value;

/** Waits until its call is cancelled. */
const hang = (_: unknown, { signal }: Context) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("a call in the process", () => {
  test("goes to the method that an id, a path or a resolved route names", async () => {
    const { server } = serveNotes({});
    expect(await value(server.call("GET /notes/{id}", { id: 1 }, { peer }).response)).toEqual({ id: 1 });
    expect(await value(server.call("GET /notes/42", {}, { peer }).response)).toEqual({ id: 42 });
    const route = server.resolve("GET /notes/7");
    expect(await value(server.call(route, undefined, { peer }).response)).toEqual({ id: 7 });
    expect(await value(server.call(route, new EncodedJson('{"id": 7}'), { peer }).response)).toEqual({ id: 7 });
  });

  test("gives the response as the text that was encoded", async () => {
    const { server } = serveNotes({ "GET /notes": () => ({ at: new Date(0), none: undefined }) });
    const response = await server.call("GET /notes", {}, { peer }).response;
    expect(response?.text).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
    expect(response?.value).toEqual({ at: "1970-01-01T00:00:00.000Z" });
  });

  test("fails with the errors of a call from the wire, and is recorded like one", async () => {
    const calls: ServedCall[] = [];
    const { server } = serveNotes({ "GET /notes/{id}": noSuchNote }, { onCall: (call) => void calls.push(call) });
    const fail = (reference: string, request: unknown, by = peer) =>
      failure(server.call(reference, request, { peer: by }).response);
    expect(await fail("GET /nothing", {})).toMatchObject({ status: "NOT_FOUND" });
    expect(await fail("DELETE /notes/1", {})).toMatchObject({ code: 405, details: { verbs: ["GET"] } });
    expect(await fail(`GET /${"x".repeat(10_000)}`, {})).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
    expect(await fail("GET /notes", {}, { user: "bob", scopes: [] })).toMatchObject({ status: "FORBIDDEN" });
    expect(await fail("GET /notes/7", {})).toMatchObject({ code: 404, details: { id: 7 } });
    expect(await fail("GET /notes/7", { id: 8 })).toMatchObject({
      status: "BAD_REQUEST",
      message: "id: conflicting values: 7 in the path, 8 in the request",
    });
    expect(await fail("GET /notes/{id}", new EncodedJson("{"))).toMatchObject({ status: "BAD_REQUEST" });
    expect(await fail("GET /notes/7", new EncodedJson('{"__proto__":{}}'))).toMatchObject({ status: "BAD_REQUEST" });
    expect(await fail("GET /notes/7", JSON.parse('{"__proto__":{}}'))).toMatchObject({ status: "BAD_REQUEST" });
    expect(calls.map(({ method, status, bytesIn }) => [method.slice(0, 15), status, bytesIn])).toEqual([
      ["GET /nothing", "NOT_FOUND", 0],
      ["DELETE /notes/1", "METHOD_NOT_ALLOWED", 0],
      ["GET /xxxxxxxxxx", "MESSAGE_TOO_LARGE", 0],
      ["GET /notes", "FORBIDDEN", 2],
      ["GET /notes/{id}", "NOT_FOUND", 2],
      ["GET /notes/{id}", "BAD_REQUEST", 8],
      ["GET /notes/{id}", "BAD_REQUEST", 1],
      ["GET /notes/{id}", "BAD_REQUEST", 16],
      ["GET /notes/{id}", "BAD_REQUEST", 16],
    ]);
  });

  test("is recorded with its bytes in both directions", async () => {
    const calls: ServedCall[] = [];
    const { server } = serveNotes(
      {
        "GET /ticks": async function* () {
          yield 1;
          yield 22;
          return "end";
        },
        "STORE /files/{name}": async (...args: unknown[]) => (await all(args[1] as AsyncIterable<unknown>)).length,
      },
      { onCall: (call) => void calls.push(call) },
    );
    await all(server.call("GET /ticks", {}, { peer }).items);
    await server.call("STORE /files/a", {}, { peer, items: [Buffer.alloc(10), Buffer.alloc(20)] }).response;
    expect(calls).toMatchObject([
      { peer, method: "GET /ticks", status: "OK", bytesIn: 2, bytesOut: 8 },
      { peer, method: "STORE /files/{name}", status: "OK", bytesIn: 32, bytesOut: 1 },
    ]);
    for (const { milliseconds } of calls) expect(milliseconds).toBeGreaterThanOrEqual(0);
  });

  test("has the limits of a connection and of the server", async () => {
    const { server } = serveNotes(
      { "GET /notes/{id}": hang, "GET /notes": () => "x".repeat(2000), "GET /ticks": () => ["x".repeat(2000)] },
      { limits: { message: 1000, calls: 2, serverCalls: 3, metadata: 100 } },
    );
    const other = { ...peer };
    const start = (by: typeof peer) => server.call("GET /notes/1", {}, { peer: by });
    const running = [start(peer), start(peer)];
    const tooMany = { status: "RESOURCE_EXHAUSTED" };
    expect(await failure(start(peer).response)).toMatchObject({
      ...tooMany,
      message: expect.stringContaining("limits.calls"),
    });
    running.push(start(other));
    expect(server.calls).toBe(3);
    expect(await failure(start(other).response)).toMatchObject({
      ...tooMany,
      message: expect.stringContaining("limits.serverCalls"),
    });
    for (const call of running) call.cancel();
    for (const call of running) expect(await failure(call.response)).toMatchObject({ status: "CANCELLED" });
    await until("the calls to end", () => server.calls === 0);
    const tooLarge = { status: "MESSAGE_TOO_LARGE" };
    expect(await failure(server.call("GET /notes", {}, { peer }).response)).toMatchObject(tooLarge);
    expect(await failure(server.call("GET /notes", { x: "x".repeat(1000) }, { peer }).response)).toMatchObject(
      tooLarge,
    );
    expect(await failure(server.call("STORE /sum", {}, { peer, items: ["x".repeat(1000)] }).response)).toMatchObject(
      tooLarge,
    );
    const ticks = server.call("GET /ticks", {}, { peer });
    await expect(all(ticks.items)).rejects.toMatchObject(tooLarge);
    const metadata = { long: "x".repeat(100) };
    expect(await failure(server.call("GET /notes", {}, { peer, metadata }).response)).toMatchObject(tooLarge);
    expect(server.calls).toBe(0);
  });

  test("has a deadline, and a signal that cancels it", async () => {
    const reasons: unknown[] = [];
    const { server } = serveNotes({
      "GET /notes/{id}": async (_: unknown, ctx: Context) => {
        ctx.signal.addEventListener("abort", () => reasons.push(ctx.signal.reason));
        return hang(_, ctx);
      },
    });
    const late = server.call("GET /notes/1", {}, { peer, timeout: 20 });
    expect(await failure(late.response)).toMatchObject({ status: "DEADLINE_EXCEEDED" });
    const controller = new AbortController();
    const { signal } = controller;
    const call = server.call("GET /notes/1", {}, { peer, signal });
    controller.abort(new Error("enough"));
    expect(await failure(call.response)).toMatchObject({
      status: "CANCELLED",
      message: "the caller cancelled the call",
    });
    expect(await failure(server.call("GET /notes/1", {}, { peer, signal }).response)).toMatchObject({
      status: "CANCELLED",
    });
    expect(reasons).toMatchObject([{ status: "DEADLINE_EXCEEDED" }, { status: "CANCELLED" }]);
    await until("the handlers to end", () => server.calls === 0);
  });

  test("carries headers and trailers", async () => {
    const { server } = serveNotes({
      "GET /ticks": async function* (_: unknown, ctx: Context) {
        ctx.setHeader("from", ctx.metadata.get("to")?.join() ?? "");
        yield 1;
        ctx.setTrailer("count", "1");
      },
    });
    const call = server.call("GET /ticks", {}, { peer, metadata: { To: ["a", "b"] } });
    await call.items.next();
    expect([call.headers, call.trailers]).toEqual([new Map([["from", ["a,b"]]]), new Map()]);
    await call.items.next();
    expect(call.trailers).toEqual(new Map([["count", ["1"]]]));
  });

  test("streams in both directions, one item at a time", async () => {
    let asked = 0;
    let given = 0;
    const { server } = serveNotes({
      "UPDATE /chat": async function* (_: unknown, items: AsyncIterable<number>) {
        for await (const item of items) {
          asked++;
          yield item * 2;
        }
      } as never,
    });
    const source = (async function* () {
      for (; given < 100; given++) yield given;
    })();
    const call = server.call("UPDATE /chat", {}, { peer, items: source });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toBe(0);
    expect(given).toBeLessThanOrEqual(1);
    expect((await call.items.next()).value).toMatchObject({ text: "0", value: 0 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toBe(1);
    expect(given).toBeLessThanOrEqual(2);
    const rest = await all(call.items);
    expect(rest.map((item) => (item as EncodedJson).value)).toEqual(
      Array.from({ length: 99 }, (_, at) => (at + 1) * 2),
    );
    expect(await call.response).toBeUndefined();
  });

  test("ends its handler and its source when the consumer leaves", async () => {
    const ends: string[] = [];
    const { server } = serveNotes({
      "UPDATE /chat": async function* (_: unknown, items: AsyncIterable<number>) {
        try {
          yield* items;
        } finally {
          ends.push("handler");
        }
      } as never,
    });
    const source = (async function* () {
      try {
        for (;;) yield 1;
      } finally {
        ends.push("source");
      }
    })();
    const call = server.call("UPDATE /chat", {}, { peer, items: source });
    for await (const _ of call.items) break;
    expect(await failure(call.response)).toMatchObject({ status: "CANCELLED" });
    await until("both to end", () => ends.length === 2 && server.calls === 0);
  });

  test("fails if an item of the request stream is invalid, or its source throws", async () => {
    const drain = (async (_: unknown, items: AsyncIterable<number>) => (await all(items)).length) as never;
    const { server } = serveNotes({ "STORE /sum": drain, "STORE /files/{name}": drain });
    const fail = (reference: string, items: Iterable<unknown> | undefined) =>
      failure(server.call(reference, {}, { peer, items }).response);
    expect(await fail("STORE /sum", [new EncodedJson("{")])).toMatchObject({ status: "BAD_REQUEST" });
    expect(await fail("STORE /files/a", ["text"])).toMatchObject({ status: "BAD_REQUEST" });
    expect(await fail("STORE /sum", undefined)).toMatchObject({
      message: expect.stringMatching(/^missing request stream; .* --items FILE/),
    });
    expect(await fail("GET /notes", [])).toMatchObject({ message: "the method takes no request stream" });
    const broken = function* () {
      yield 1;
      throw new Error("disk");
    };
    expect(await fail("STORE /sum", broken())).toMatchObject({
      status: "CANCELLED",
      message: "the request stream failed: disk",
    });
    await until("the handlers to end", () => server.calls === 0);
  });

  test("is refused if it takes a stream of bytes for JSON", async () => {
    const { server } = serveNotes({});
    const call = server.call("GET /files/a", {}, { peer, expects: "json" });
    expect(await failure(call.response)).toMatchObject({ status: "BAD_REQUEST" });
  });

  test("copies the bytes that a handler may reuse", async () => {
    const { server } = serveNotes({
      "GET /files/{name}": async function* () {
        const shared = Buffer.alloc(600_000, 1);
        yield shared;
        shared.fill(2);
        yield shared;
      },
    });
    const items = (await all(server.call("GET /files/a", {}, { peer }).items)) as Buffer[];
    const bytes = Buffer.concat(items);
    expect(bytes.length).toBe(1_200_000);
    expect(bytes.subarray(0, 600_000).every((byte) => byte === 1)).toBe(true);
    expect(bytes.subarray(600_000).every((byte) => byte === 2)).toBe(true);
  });

  test("runs the handler's generator in the context of the interceptors, and its source in that of the caller", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { server } = serveNotes(
      {
        "UPDATE /chat": async function* (_: unknown, items: AsyncIterable<number>) {
          try {
            for await (const item of items) yield [item, storage.getStore()];
          } finally {
            seen.push(["finally", storage.getStore()]);
          }
        } as never,
      },
      {
        interceptors: [(call, next) => next(call), (call, next) => storage.run("interceptor", () => next(call))],
      },
    );
    async function* source() {
      for (let index = 0; index < 3; index++) yield storage.getStore() ?? "none";
    }
    const call = storage.run("caller", () => server.call("UPDATE /chat", {}, { peer, items: source() }));
    const items = await all(call.items);
    expect(items.map((item) => (item as EncodedJson).value)).toEqual(
      Array.from({ length: 3 }, () => ["caller", "interceptor"]),
    );
    expect(seen).toEqual([["finally", "interceptor"]]);
  });

  test("finishes within the grace of a server that closes; then it ends with UNAVAILABLE", async () => {
    let finish: (value: string) => void = () => undefined;
    const { server } = serveNotes({
      "GET /notes": () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
      "GET /notes/{id}": hang,
    });
    const calls = [server.call("GET /notes", {}, { peer }), server.call("GET /notes/1", {}, { peer })] as const;
    const closed = server.close({ grace: 100 });
    const refused = server.call("GET /notes", {}, { peer });
    expect(await failure(refused.response)).toMatchObject({ status: "UNAVAILABLE", message: "the server is closing" });
    finish("done");
    expect(await value(calls[0].response)).toBe("done");
    expect(await failure(calls[1].response)).toMatchObject({ status: "UNAVAILABLE", message: "the server is closing" });
    await closed;
    await until("the handlers to end", () => server.calls === 0);
  });

  test("is one of the clients of the server while it runs, and serves no callbacks", async () => {
    const { server } = serveNotes({
      "GET /notes": (_: unknown, ctx: Context) => ctx.clients.map(({ peer }) => peer.user),
    });
    expect(await value(server.call("GET /notes", {}, { peer }).response)).toEqual(["alice"]);
    expect([server.clients, server.connections]).toEqual([[], 0]);
  });
});
