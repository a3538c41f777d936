import { type CallOptions, type ResponseStream, RpcError } from "sshrpc/client";
import { type Client, type ConnectOptions, connectApi } from "sshrpc/generated";
import type { Context, Observer } from "sshrpc/server";
import { type InMemoryOptions, inMemory } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { Recorder } from "../support/recorder.js";
import { any, handlersOf, method, serveRaw, TestLog } from "../support/server.js";
import { failure, until } from "../support/wait.js";

const METHODS = [
  method("GET /it"),
  method("STORE /it", { idempotent: false }),
  method("GET /ticks", { resource: "ticks", kind: "server-streaming", responseItem: any }),
  method("STORE /sum", { resource: "sum", kind: "client-streaming", requestItem: any }),
  method("UPDATE /chat", { resource: "chat", kind: "bidirectional", requestItem: any, responseItem: any }),
  method("GET /file", { resource: "file", kind: "server-streaming", responseItem: "bytes" }),
];

interface TestClient extends Client {
  readonly it: Record<"get" | "store", (request?: object, options?: CallOptions) => Promise<unknown>>;
  readonly ticks: { get(request?: object): ResponseStream<unknown, unknown> };
  readonly sum: { store(request: object, items: Iterable<unknown>): Promise<unknown> };
  readonly chat: { update(request: object, items: Iterable<unknown>): ResponseStream<unknown, unknown> };
  readonly file: { get(request?: object): ResponseStream<unknown, unknown> };
}

type Handler = (request: unknown, ctx: Context) => unknown;

interface Setup {
  readonly server?: InMemoryOptions;
  readonly client?: ConnectOptions<object>;
  /** Handles `GET /it` and `STORE /it`. Default: returns the request. */
  readonly it?: Handler;
}

async function connected({ server = {}, client: options = {}, it = (request) => request }: Setup): Promise<TestClient> {
  const handlers = handlersOf(METHODS, {
    "GET /it": it as never,
    "STORE /it": it as never,
    "GET /ticks": async function* () {
      yield* [1, 2, 3];
      return "end";
    },
    "STORE /sum": async (_: unknown, items: AsyncIterable<unknown>) => {
      const all: unknown[] = [];
      for await (const item of items) all.push(item);
      return all.length;
    },
    "UPDATE /chat": async function* (_: unknown, items: AsyncIterable<unknown>) {
      for await (const item of items) yield item;
      return "bye";
    },
    "GET /file": async function* () {
      yield Buffer.alloc(10);
      yield Buffer.alloc(20);
      return null;
    },
  } as never);
  const client = await connectApi<TestClient>(handlers.api, inMemory(handlers, server), {
    reconnect: false,
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

async function read(stream: ResponseStream<unknown, unknown>): Promise<void> {
  for await (const _ of stream);
  await stream.response;
}

const SERVER_PEER = { user: "test", scopes: ["*"] };

test.each<[string, (client: TestClient) => Promise<unknown>, object]>([
  ["GET /it", ({ it }) => it.get({ x: 1 }), { itemsIn: 0, itemsOut: 0, bytesIn: 7, bytesOut: 7 }],
  ["GET /ticks", ({ ticks }) => read(ticks.get()), { itemsIn: 0, itemsOut: 3, bytesIn: 2, bytesOut: 3 + 5 }],
  ["STORE /sum", ({ sum }) => sum.store({}, [10, 20]), { itemsIn: 2, itemsOut: 0, bytesIn: 2 + 4, bytesOut: 1 }],
  [
    "UPDATE /chat",
    ({ chat }) => read(chat.update({}, ["a", "b"])),
    { itemsIn: 2, itemsOut: 2, bytesIn: 2 + 6, bytesOut: 6 + 5 },
  ],
  ["GET /file", ({ file }) => read(file.get()), { itemsIn: 0, itemsOut: 2, bytesIn: 2, bytesOut: 30 + 4 }],
])("reports the start and the end of %s, with bytes and items, at both ends", async (id, call, sizes) => {
  const [server, client] = [new Recorder(), new Recorder()];
  const api = await connected({ server: { observer: server.observer }, client: { observer: client.observer } });
  await call(api);
  const ended = { status: "OK", milliseconds: expect.any(Number), error: undefined };
  const [start] = server.of("callStarted");
  const common = { call: start?.["call"], side: "server", peer: SERVER_PEER, method: id };
  expect(server.events.filter(({ event }) => event.startsWith("call"))).toEqual([
    { event: "callStarted", ...common },
    { event: "callEnded", ...common, ...ended, ...sizes },
  ]);
  const { itemsIn, itemsOut, bytesIn, bytesOut } = sizes as Record<string, number>;
  const [sent] = client.of("callStarted");
  expect(client.events.filter(({ event }) => event.startsWith("call"))).toEqual([
    { event: "callStarted", call: sent?.["call"], side: "client", peer: { user: "server", scopes: ["*"] }, method: id },
    {
      event: "callEnded",
      call: sent?.["call"],
      side: "client",
      peer: { user: "server", scopes: ["*"], address: "memory" },
      method: id,
      ...ended,
      ...{ itemsIn: itemsOut, itemsOut: itemsIn, bytesIn: bytesOut, bytesOut: bytesIn },
    },
  ]);
});

test("an end has the error: at the server with what the handler threw, at the client as the caller gets it", async () => {
  const [server, client] = [new Recorder(), new Recorder()];
  const thrown = new Error("disk full");
  const api = await connected({
    server: { observer: server.observer },
    client: { observer: client.observer },
    it: () => Promise.reject(thrown),
  });
  const error = await failure<RpcError>(api.it.get());
  expect(server.of("callEnded")).toMatchObject([{ status: "INTERNAL", error: { status: "INTERNAL", cause: thrown } }]);
  expect(client.of("callEnded")).toMatchObject([{ status: "INTERNAL" }]);
  expect(client.of("callEnded")[0]?.["error"]).toBe(error);
  expect(error.cause).toBeUndefined();
  expect(JSON.stringify(error)).not.toContain("disk full");
});

test("a cancelled call ends once, as CANCELLED, at both ends", async () => {
  const [server, client] = [new Recorder(), new Recorder()];
  const api = await connected({
    server: { observer: server.observer },
    client: { observer: client.observer },
    it: () => new Promise(() => {}),
  });
  const controller = new AbortController();
  const call = api.it.get({}, { signal: controller.signal });
  await until("the call", () => server.of("callStarted").length === 1);
  controller.abort();
  await failure(call);
  await until("its end", () => server.of("callEnded").length > 0);
  for (const { of } of [server, client].map((recorder) => ({ of: recorder.of.bind(recorder) }))) {
    expect(of("callEnded")).toMatchObject([{ status: "CANCELLED", error: { status: "CANCELLED" } }]);
  }
});

test("a call that is refused starts and ends at once", async () => {
  const [server, client] = [new Recorder(), new Recorder()];
  const { peer } = await serveRaw(() => 1, { observer: server.observer, limits: { calls: 1, message: 1024 } });
  onTestFinished(() => void peer.duplex.destroy());
  peer.hello(["GET /it"]).open(1, JSON.stringify("x".repeat(2000)));
  expect((await peer.status()).code).toBe(413);
  const api = await connected({ server: { limits: { message: 1024 } }, client: { observer: client.observer } });
  expect(await failure(api.it.get({ x: "x".repeat(2000) }))).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
  for (const recorder of [server, client]) {
    expect(recorder.events.filter(({ event }) => event.startsWith("call"))).toMatchObject([
      { event: "callStarted", method: "GET /it" },
      { event: "callEnded", method: "GET /it", status: "MESSAGE_TOO_LARGE" },
    ]);
  }
});

test("a client reports each retry of a call, with its error, and one end", async () => {
  let attempts = 0;
  const client = new Recorder();
  const api = await connected({
    client: { observer: client.observer, reconnect: { minDelay: 1 } },
    it: (_, ctx) => (++attempts < 3 ? ctx.fail("UNAVAILABLE", undefined, `attempt ${attempts}`) : attempts),
  });
  expect(await api.it.get()).toBe(3);
  const [start] = client.of("callStarted");
  const retried = { event: "callRetried", call: start?.["call"], method: "GET /it", delay: expect.any(Number) };
  const messages = [1, 2].map((attempt) => ({ status: "UNAVAILABLE", message: `attempt ${attempt}` }));
  expect(client.of("callRetried")).toMatchObject(
    messages.map((error, index) => ({ ...retried, attempt: index + 1, error })),
  );
  expect(client.of("callEnded")).toMatchObject([{ status: "OK", call: start?.["call"] }]);
});

test("both ends report the connection when it opens and when it closes", async () => {
  const [server, client] = [new Recorder(), new Recorder()];
  const api = await connected({ server: { observer: server.observer }, client: { observer: client.observer } });
  expect(server.events).toMatchObject([{ event: "connectionOpened", peer: SERVER_PEER }]);
  expect(client.events).toEqual([{ event: "connectionOpened", address: "memory" }]);
  await api.close();
  await until("the end", () => server.of("connectionClosed").length === 1);
  expect(server.of("connectionClosed")).toMatchObject([{ peer: SERVER_PEER, milliseconds: expect.any(Number) }]);
  expect(client.of("connectionClosed")).toEqual([
    {
      event: "connectionClosed",
      address: "memory",
      reason: "the connection was closed: the client was closed",
      milliseconds: expect.any(Number),
    },
  ]);
});

test("a client reports an attempt to connect that failed", async () => {
  const client = new Recorder();
  const error = new RpcError("UNAVAILABLE", "no route");
  const transport = { address: "nowhere", open: () => Promise.reject(error) };
  const failed = connectApi(handlersOf([], {}).api, transport, { reconnect: false, observer: client.observer });
  expect(await failure(failed)).toBe(error);
  expect(client.events).toEqual([{ event: "connectFailed", address: "nowhere", error }]);
});

test("an observer that throws or rejects disturbs neither calls nor other observers, and is logged", async () => {
  const logs = [new TestLog(), new TestLog()] as const;
  const recorders = [new Recorder(), new Recorder()] as const;
  const broken: Observer = {
    callStarted: () => {
      throw new Error("disk full");
    },
    callEnded: () => Promise.reject(new Error("disk full")) as never,
  };
  const api = await connected({
    server: { observer: [broken, recorders[0].observer], log: logs[0] },
    client: { observer: [broken, recorders[1].observer], log: logs[1] },
  });
  expect(await api.it.get({ x: 1 })).toEqual({ x: 1 });
  for (const recorder of recorders) {
    expect(recorder.of("callStarted")).toHaveLength(1);
    expect(recorder.of("callEnded")).toHaveLength(1);
  }
  for (const log of logs) {
    await until("the lines", () => log.lines.length === 2);
    expect(log.lines).toMatchObject(
      ["callStarted", "callEnded"].map((event) => ({
        level: "error",
        message: "an observer failed",
        fields: { event, err: { message: "disk full" } },
      })),
    );
  }
});

test("several observers and onCall receive the same events", async () => {
  const recorders = [new Recorder(), new Recorder()];
  const calls: object[] = [];
  const observer = recorders.map((recorder) => recorder.observer);
  const api = await connected({ server: { observer, onCall: (call) => void calls.push(call) } });
  await api.it.get();
  const [first, second] = recorders.map(({ events }) => events);
  expect(first?.map(({ event }) => event)).toEqual(["connectionOpened", "callStarted", "callEnded"]);
  expect(second).toEqual(first);
  expect(calls.map((call) => ({ ...call, event: "callEnded" }))).toEqual(first?.slice(-1));
});

test("an observer may be an object of a class", async () => {
  class Count {
    #calls = 0;
    get calls(): number {
      return this.#calls;
    }
    callEnded(): void {
      this.#calls += 1;
    }
  }
  const count = new Count();
  const api = await connected({ server: { observer: count } });
  await api.it.get();
  expect(count.calls).toBe(1);
});

test("refuses an observer that is not an object", async () => {
  const message = "option observer: invalid type function; it takes an object with methods, or a list of these";
  const wrong = { observer: (() => undefined) as never };
  expect(() => inMemory(handlersOf([], {}), wrong)).toThrow(message);
  expect(await failure<Error>(connected({ client: wrong }))).toMatchObject({ message });
});
