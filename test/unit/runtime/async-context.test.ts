import { AsyncLocalStorage } from "node:async_hooks";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { CallOptions, Client, ClientInterceptor, ResponseStream } from "sshrpc/client";
import { connectApi, type Method } from "sshrpc/generated";
import { type Context, observeCall, type ServerInterceptor, serveHandlers } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { afterEach, describe, expect, test } from "vitest";
import { type AnyHandler, any, handlersOf, method } from "./support/server.js";
import { until, within } from "./support/wait.js";

const METHODS = [
  method("GET /it"),
  method("UPDATE /it", { kind: "server-streaming", responseItem: any }),
  method("STORE /it", { kind: "client-streaming", requestItem: any, idempotent: false }),
  method("DELETE /it", { kind: "bidirectional", requestItem: any, responseItem: any }),
] as const satisfies readonly Method[];

interface It {
  get(request: object, options?: CallOptions): Promise<unknown>;
  update(request: object, options?: CallOptions): ResponseStream<unknown, unknown>;
  store(request: object, items: unknown, options?: CallOptions): Promise<unknown>;
  delete(request: object, items: unknown, options?: CallOptions): ResponseStream<unknown, unknown>;
}

interface Sides {
  readonly interceptors?: readonly ClientInterceptor[];
  readonly server?: readonly ServerInterceptor[];
  readonly limits?: { readonly calls?: number };
}

type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;
type Items = AsyncIterable<unknown, undefined>;

const storage = new AsyncLocalStorage<string>();
const outer = new AsyncLocalStorage<string>();
let open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await within("an end", close());
  open = [];
});

async function connect(
  way: string,
  handlers: Handlers,
  { interceptors = [], server = [], limits = {} }: Sides,
): Promise<It> {
  const bound = handlersOf(METHODS, { ...NONE, ...handlers } as Readonly<Record<string, AnyHandler>>);
  const options = { interceptors, reconnect: false, retries: 0 } as const;
  if (way === "memory") {
    const client = await connectApi<never>(bound.api, inMemory(bound, { interceptors: server, limits }), options);
    open.push(() => (client as Client).close());
    return (client as { it: It }).it;
  }
  const keys = generateKeyPair();
  const served = await serveHandlers(bound, {
    port: 0,
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [`scopes="*" ${keys.publicKey}`] },
    interceptors: server,
    limits,
    log: false,
  });
  const client = await connectApi<never>(bound.api, `ssh://test@127.0.0.1:${served.port}`, {
    ...options,
    identity: { privateKey: keys.privateKey },
    hostKey: served.fingerprints,
  });
  open.push(
    () => (client as Client).close(),
    () => served.close(),
  );
  return (client as { it: It }).it;
}

const NONE: Handlers = Object.fromEntries(METHODS.map(({ id }) => [id, () => []]));

/** Runs the inner interceptors and the handler with the `name` of the request. */
const named: ServerInterceptor = (call, next) => storage.run((call.request as { name: string }).name, () => next(call));

async function collect(stream: ResponseStream<unknown, unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream) items.push(item);
  return [...items, await stream.response];
}

/** The same call twice at the same time, with two names. */
const both = <T>(call: (name: string) => Promise<T>): Promise<T[]> =>
  within("two calls", Promise.all(["a", "b"].map(call)));

describe.each(["memory", "ssh"])("over %s, the AsyncLocalStorage of a server interceptor", (way) => {
  const seen = (): string | undefined => storage.getStore();

  test("reaches the body of a generator, on each resumption and at its end", async () => {
    const it = await connect(
      way,
      {
        "UPDATE /it": async function* () {
          yield seen();
          await turn();
          yield seen();
          yield seen();
          return seen();
        },
      },
      { server: [named] },
    );
    expect(await both((name) => collect(it.update({ name })))).toEqual(["a", "b"].map((n) => [n, n, n, n]));
  });

  test("reaches a synchronous generator, a promise of one and a Node stream", async () => {
    const sources: Record<string, () => unknown> = {
      generator: function* () {
        yield seen();
        yield Promise.resolve(seen());
      },
      promise: async () => sources["generator"]?.(),
      stream: () => Readable.from(sources["generator"]?.() as Iterable<unknown>),
      web: () => {
        let left = 2;
        return new ReadableStream(
          { pull: (controller) => (left-- > 0 ? controller.enqueue(seen()) : controller.close()) },
          { highWaterMark: 0 },
        );
      },
    };
    for (const source of Object.values(sources)) {
      const it = await connect(way, { "UPDATE /it": source }, { server: [named] });
      expect(await both((name) => collect(it.update({ name })))).toEqual(["a", "b"].map((n) => [n, n, null]));
    }
  });

  test("reaches the `finally` of a generator when its caller cancels, also after an await", async () => {
    const ends: unknown[] = [];
    const it = await connect(
      way,
      {
        "UPDATE /it": async function* () {
          try {
            for (;;) yield seen();
          } finally {
            ends.push(seen());
            await turn();
            ends.push(seen());
          }
        },
      },
      { server: [named] },
    );
    for (const name of ["a", "b"]) for await (const _ of it.update({ name })) break;
    await until("both ends", () => ends.length === 4);
    expect(ends.sort()).toEqual(["a", "a", "b", "b"]);
  });

  test("reaches the reader of a request stream, and the body of a bidirectional handler", async () => {
    const sum = async (_: unknown, items: Items): Promise<unknown> => {
      const names: unknown[] = [];
      for await (const _item of items) names.push(seen());
      return [...names, seen()];
    };
    const echo = async function* (_: unknown, items: Items) {
      for await (const _item of items) yield seen();
      return seen();
    };
    const it = await connect(way, { "STORE /it": sum, "DELETE /it": echo }, { server: [named] });
    const slowly = async function* () {
      yield 1;
      await turn();
      yield 2;
    };
    expect(await both((name) => it.store({ name }, slowly()))).toEqual(["a", "b"].map((n) => [n, n, n]));
    expect(await both((name) => collect(it.delete({ name }, slowly())))).toEqual(["a", "b"].map((n) => [n, n, n]));
  });

  test("reaches the streams of inner interceptors only", async () => {
    const told: unknown[] = [];
    const here = (): string => `${outer.getStore()} ${seen()}`;
    const wrap: ServerInterceptor = async (call, next) => {
      const items = (await next(call)) as AsyncIterable<string>;
      return (async function* () {
        for await (const item of items) yield `${here()}, within ${item}`;
      })();
    };
    const it = await connect(
      way,
      {
        "UPDATE /it": async function* () {
          yield here();
          yield here();
        },
      },
      {
        server: [
          (call, next) => outer.run("outer", () => next(call)),
          wrap,
          named,
          (call, next) => observeCall(call, next, () => told.push(seen())),
        ],
      },
    );
    expect(await collect(it.update({ name: "a" }))).toEqual([
      "outer undefined, within outer a",
      "outer undefined, within outer a",
      null,
    ]);
    expect(told).toEqual(["a"]);
  });
});

describe.each(["memory", "ssh"])("over %s, a caller's AsyncLocalStorage", (way) => {
  const set: ClientInterceptor = (call, next) => outer.run(`for ${storage.getStore()}`, () => next(call));
  const here = (): string => `${storage.getStore()} ${outer.getStore()}`;
  const takeAll = async (_: unknown, items: Items, ctx: Context): Promise<unknown> => {
    ctx.setHeader("x-some", "header");
    const all: unknown[] = [];
    for await (const item of items) all.push(item);
    return all;
  };

  test("reaches the request stream of a queued call", async () => {
    const sent: unknown[] = [];
    const slow = async () => {
      await until("the other call", () => sent.length > 0);
      return storage.getStore();
    };
    const it = await connect(way, { "STORE /it": takeAll, "GET /it": slow }, { limits: { calls: 1 } });
    const first = it.get({});
    const stored = both((name) => storage.run(name, () => it.store({}, one())));
    async function* one() {
      yield storage.getStore();
    }
    sent.push("them");
    await within("the first call", first);
    expect(await stored).toEqual([["a"], ["b"]]);
  });

  test("reaches the request stream, with the additions of an interceptor", async () => {
    const it = await connect(way, { "STORE /it": takeAll }, { interceptors: [set] });
    const sources: (() => unknown)[] = [
      async function* () {
        yield here();
        await turn();
        yield here();
      },
      function* () {
        yield here();
        yield here();
      },
      () => Readable.from([1, 2]).map(() => here()),
    ];
    for (const source of sources) {
      const called = both((name) => storage.run(name, () => it.store({}, source())));
      expect(await called).toEqual(["a", "b"].map((n) => [`${n} for ${n}`, `${n} for ${n}`]));
    }
  });

  test("reaches the request stream's `finally` when the server ends the call", async () => {
    const ends: unknown[] = [];
    const one = async (_: unknown, items: Items): Promise<unknown> => {
      for await (const _item of items) break;
      return "enough";
    };
    const it = await connect(way, { "STORE /it": one }, {});
    const endless = async function* () {
      try {
        for (;;) yield "item".repeat(10_000);
      } finally {
        ends.push(storage.getStore());
      }
    };
    await both((name) => storage.run(name, () => it.store({}, endless())));
    await until("both ends", () => ends.length === 2);
    expect(ends.sort()).toEqual(["a", "b"]);
  });

  test("reaches onHeaders and onTrailers", async () => {
    const it = await connect(way, { "STORE /it": takeAll }, {});
    const seen: unknown[] = [];
    const note = (): void => void seen.push(storage.getStore());
    await both((name) => storage.run(name, () => it.store({}, [], { onHeaders: note, onTrailers: note })));
    expect(seen.sort()).toEqual(["a", "a", "b", "b"]);
  });
});
