import { AsyncLocalStorage } from "node:async_hooks";
import { type CallOptions, type Client, type ResponseStream, RpcError } from "sshrpc/client";
import { type Api, connectApi, type Method } from "sshrpc/generated";
import type { CallEnded, CallStarted, Observer } from "sshrpc/server";
import { inMemory, onLoopback } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { Recorder } from "../support/recorder.js";
import { type AnyHandler, any, method, TestLog } from "../support/server.js";
import { until } from "../support/wait.js";

/** A method of every kind, in each direction. */
const methods = (resource: string): Method[] => [
  method(`GET /${resource}`, { resource }),
  method(`DELETE /${resource}`, { resource, kind: "server-streaming", responseItem: any }),
  method(`STORE /${resource}`, { resource, kind: "client-streaming", requestItem: any, idempotent: false }),
  method(`UPDATE /${resource}`, { resource, kind: "bidirectional", requestItem: any, responseItem: any }),
];

const API: Api = { name: "both", version: "1.0.0", hash: "00", methods: methods("up"), callbacks: methods("down") };

interface Kinds {
  get(request?: object, options?: CallOptions): Promise<unknown>;
  delete(request?: object, options?: CallOptions): ResponseStream<unknown, unknown>;
  store(request: object, items: unknown, options?: CallOptions): Promise<unknown>;
  update(request: object, items: unknown, options?: CallOptions): ResponseStream<unknown, unknown>;
}

interface Ctx {
  readonly metadata: ReadonlyMap<string, readonly string[]>;
  readonly signal: AbortSignal;
  readonly callbacks: { readonly down: Kinds };
}

type Handlers = Partial<Record<"get" | "delete" | "store" | "update", (...args: never[]) => unknown>>;

const none = { get: () => null, delete: async function* () {}, store: () => null, update: async function* () {} };

/** The header that carries the text of the storage, in place of a trace. */
const HEADER = "x-trace";
const storage = new AsyncLocalStorage<string>();

/** Carries the text of the storage from the caller to the handler: a propagator. */
function propagator(): Observer {
  const texts = new Map<number, string>();
  return {
    callStarted: ({ call, metadata }) => void texts.set(call, metadata?.get(HEADER)?.[0] ?? "none"),
    callEnded: ({ call }) => void texts.delete(call),
    injectHeaders: () => {
      const text = storage.getStore();
      return text === undefined ? undefined : { [HEADER]: text };
    },
    runCall: ({ call }, work) => storage.run(texts.get(call) ?? "ended", work),
  };
}

interface Setup {
  readonly up?: Handlers;
  readonly down?: Handlers;
  readonly server?: Observer | readonly Observer[];
  readonly client?: Observer | readonly Observer[];
  readonly log?: TestLog;
}

async function connected({ up = {}, down, server = [], client = [], log = new TestLog() }: Setup) {
  const all: Handlers = { ...none, ...up };
  const bound = new Map(API.methods.map(({ id, verb }) => [id, all[verb.toLowerCase() as "get"] as AnyHandler]));
  const served = inMemory({ api: API, handlers: bound }, { observer: server, log });
  const result = await connectApi<Client & { readonly up: Kinds }>(API, served, {
    reconnect: false,
    observer: client,
    log,
    ...(down && { callbacks: { down: { ...none, ...down } } }),
  });
  onTestFinished(async () => {
    await result.close();
    await served.close();
  });
  return result;
}

async function read(stream: ResponseStream<unknown, unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** Reads the storage, also after the next turn of the event loop. */
async function store(): Promise<string> {
  const first = storage.getStore();
  await new Promise(setImmediate);
  expect(storage.getStore()).toBe(first);
  return first ?? "nothing";
}

test("a context of the caller reaches handlers of every kind, at each item and in finally, and calls inside them", async () => {
  const seen: string[] = [];
  const { up } = await connected({
    ...{ server: propagator(), client: propagator() },
    up: {
      get: async (_: unknown, ctx: Ctx) => [await store(), await ctx.callbacks.down.get({})],
      delete: async function* () {
        try {
          yield await store();
          yield await store();
        } finally {
          seen.push(await store());
        }
      },
      store: async (_: unknown, items: AsyncIterable<unknown>) => {
        for await (const item of items) seen.push(`${item} ${await store()}`);
        return store();
      },
    },
    down: { get: store },
  });
  const run = <T>(text: string, work: () => Promise<T>): Promise<T> => storage.run(text, work);
  expect(await Promise.all(["a", "b"].map((text) => run(text, () => up.get())))).toEqual([
    ["a", "a"],
    ["b", "b"],
  ]);
  expect(await run("c", () => read(up.delete()))).toEqual(["c", "c"]);
  expect(seen.splice(0)).toEqual(["c"]);
  async function* items(): AsyncGenerator<string> {
    yield await store();
    yield await store();
  }
  expect(await run("d", () => up.store({}, items()))).toBe("d");
  expect(seen).toEqual(["d d", "d d"]);
});

test("a listener of ctx.signal runs in the context of its call", async () => {
  let seen: string | undefined;
  let isRunning = false;
  const { up } = await connected({
    ...{ server: propagator(), client: propagator() },
    up: {
      get: async (_: unknown, { signal }: Ctx) => {
        isRunning = true;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        seen = await store();
      },
    },
  });
  const abort = new AbortController();
  const call = storage.run("a", () => up.get({}, { signal: abort.signal }));
  await until("the handler", () => isRunning);
  abort.abort();
  await expect(call).rejects.toMatchObject({ status: "CANCELLED" });
  await until("the listener", () => seen !== undefined);
  expect(seen).toBe("a");
});

test("headers of the caller win over injected ones, and invalid or too large ones are left out", async () => {
  const injected: Record<string, string> = {
    "X-Trace": "injected",
    "not a name": "x",
    huge: "x".repeat(9000),
    other: "y",
  };
  Object.assign(injected, { number: 1 });
  const { up } = await connected({
    client: { injectHeaders: () => injected },
    up: { get: (_: unknown, { metadata }: Ctx) => Object.fromEntries(metadata) },
  });
  expect(await up.get()).toEqual({ "x-trace": ["injected"], other: ["y"] });
  expect(await up.get({}, { metadata: { [HEADER]: "own", id: "1" } })).toEqual({
    ...{ [HEADER]: ["own"], id: ["1"], other: ["y"] },
  });
  // Together they are over the limit of 16 KiB for metadata.
  injected["more"] = "x".repeat(8000);
  const large = "y".repeat(12_000);
  expect(await up.get({}, { metadata: { large } })).toEqual({ large: [large] });
});

test("a call runs once, with its own result, even where an observer fails, or runs it twice", async () => {
  const broken: readonly Observer[] = [
    {
      runCall: () => {
        throw new Error("before");
      },
    },
    {
      runCall: (_, work) => {
        work();
        throw new Error("after");
      },
    },
    { runCall: () => undefined as never },
    {
      runCall: (_, work) => {
        work();
        return work();
      },
    },
    {
      injectHeaders: () => {
        throw new Error("no headers");
      },
    },
  ];
  const log = new TestLog();
  let runs = 0;
  const { up } = await connected({
    ...{ server: broken, client: broken, log },
    up: {
      get: (request: { readonly fail?: boolean }) => {
        runs += 1;
        if (request.fail) throw new Error("of the handler");
        return runs;
      },
    },
  });
  expect(await up.get()).toBe(1);
  await expect(up.get({ fail: true })).rejects.toMatchObject({ status: "INTERNAL" });
  expect(runs).toBe(2);
  const failures = log.lines.filter(({ message }) => message === "an observer failed");
  const reasons = failures.map(({ fields }) => (fields["err"] as Error).message);
  expect(reasons.toSorted()).toEqual(["after", "before", "before", "no headers", "no headers"]);
});

test("callbacks are calls of both sides, which say that they are callbacks", async () => {
  const [server, client] = [new Recorder(), new Recorder()];
  const onCall: CallEnded[] = [];
  const { up } = await connected({
    server: [server.observer, { callEnded: (call) => void onCall.push(call) }],
    client: client.observer,
    up: {
      get: async (_: unknown, ctx: Ctx) => {
        await ctx.callbacks.down.get({ x: 1 });
        await read(ctx.callbacks.down.update({}, [1, 2]));
        return null;
      },
    },
    down: {
      get: () => "yes",
      update: async function* (_: unknown, items: AsyncIterable<unknown>) {
        yield* items;
      },
    },
  });
  await up.get();
  const callbacks = (recorder: Recorder, event: "callStarted" | "callEnded") =>
    recorder.of(event).filter(({ callback }) => callback === true);
  for (const [recorder, side] of [
    [server, "client"],
    [client, "server"],
  ] as const) {
    const user = recorder === server ? "test" : "server";
    const ids = ["GET /down", "UPDATE /down"];
    expect(callbacks(recorder, "callStarted")).toMatchObject(
      ids.map((id) => ({ side, method: id, peer: { user } }) satisfies Partial<CallStarted> | object),
    );
    expect(callbacks(recorder, "callEnded")).toMatchObject(ids.map((id) => ({ side, method: id, status: "OK" })));
  }
  expect(onCall.map(({ side, callback }) => [side, callback])).toEqual([
    ["client", true],
    ["client", true],
    ["server", undefined],
  ]);
  expect(callbacks(server, "callEnded")[1]).toMatchObject({ itemsIn: 2, itemsOut: 2 });
  expect(callbacks(client, "callEnded")[1]).toMatchObject({ itemsIn: 2, itemsOut: 2 });
});

test("a call of an unknown method says so, whose name is what the caller chose", async () => {
  const recorder = new Recorder();
  const handlers = { api: { ...API, callbacks: [] }, handlers: new Map() };
  for (const { id } of API.methods) handlers.handlers.set(id, (() => null) as AnyHandler);
  const server = await onLoopback(handlers, { observer: recorder.observer });
  onTestFinished(() => server.close());
  const other = { ...API, methods: [...API.methods, method("GET /secret/42", { resource: "secret" })] };
  const client = await connectApi<Client & { secret: Kinds }>(other, server.target, { ...server.options, log: false });
  onTestFinished(() => client.close());
  await expect(client.secret.get()).rejects.toMatchObject({ status: "UNIMPLEMENTED" });
  expect(recorder.of("callEnded")).toMatchObject([
    { method: "GET /secret/42", unknown: true, status: "UNIMPLEMENTED" },
  ]);
});

test("an observer whose runCall is async is reported where it rejects; the call runs, and its error reaches the caller", async () => {
  const log = new TestLog();
  const rejections: unknown[] = [];
  const onRejection = (error: unknown): void => void rejections.push(error);
  process.on("unhandledRejection", onRejection);
  onTestFinished(() => void process.off("unhandledRejection", onRejection));
  const observer = { runCall: async (_: object, work: () => unknown) => work() } as unknown as Observer;
  const failing = async () => {
    throw new RpcError("NOT_FOUND", "no such note");
  };
  const { up } = await connected({ up: { get: failing }, server: observer, log });
  await expect(up.get()).rejects.toMatchObject({ status: "NOT_FOUND", message: "no such note" });
  await until(
    "the report",
    () => log.lines.some(({ message }) => message === "an observer failed") || rejections.length > 0,
  );
  expect(rejections).toEqual([]);
});
