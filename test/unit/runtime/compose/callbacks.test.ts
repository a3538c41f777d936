import type { Duplex } from "node:stream";
import type { Client, ConnectOptions, ResponseStream } from "sshrpc/client";
import { type Api, connectApi, type Method } from "sshrpc/generated";
import { RpcError } from "sshrpc/server";
import { type InMemoryOptions, type InMemoryServer, inMemory } from "sshrpc/testing";
import { afterEach, describe, expect, test } from "vitest";
import { FRAME, RawPeer } from "../../../support/raw-peer.js";
import { type AnyHandler, any, method, only, TestLog } from "../support/server.js";
import { failure, until, within } from "../support/wait.js";

const number = only((value) => typeof value === "number");

/** A method of every kind in each direction, for numbers. */
function methods(resource: string): Method[] {
  const common = { resource, response: number };
  return [
    method(`GET /${resource}`, { ...common, request: any }),
    method(`DELETE /${resource}`, { ...common, kind: "server-streaming", responseItem: number }),
    method(`STORE /${resource}`, { ...common, kind: "client-streaming", requestItem: number, idempotent: false }),
    method(`UPDATE /${resource}`, {
      ...common,
      kind: "bidirectional",
      requestItem: number,
      responseItem: number,
      errors: { NOT_FOUND: only((value) => value === "declared") },
    }),
  ];
}

const API: Api = { name: "both", version: "1.0.0", hash: "00", methods: methods("up"), callbacks: methods("down") };

type Options = { readonly signal?: AbortSignal; readonly timeout?: number };

interface Kinds {
  get(request: unknown, options?: Options): Promise<unknown>;
  delete(request: unknown, options?: Options): ResponseStream<unknown, unknown>;
  store(request: unknown, items: unknown, options?: Options): Promise<unknown>;
  update(request: unknown, items: unknown, options?: Options): ResponseStream<unknown, unknown>;
}

interface Ctx {
  readonly signal: AbortSignal;
  readonly callbacks: { readonly down: Kinds };
  readonly peer: { readonly user: string; readonly address?: string };
  fail(status: string, details?: unknown): never;
}

type Handlers = { readonly [verb in keyof Kinds]: (...args: never[]) => unknown };

async function* echo(_: unknown, items: AsyncIterable<unknown>): AsyncGenerator<unknown, number> {
  yield* items;
  return 0;
}

async function count(_: unknown, items: AsyncIterable<unknown>): Promise<number> {
  let total = 0;
  for await (const item of items) total += item as number;
  return total;
}

async function* three(): AsyncGenerator<number, number> {
  yield* [1, 2, 3];
  return 3;
}

const SIMPLE: Handlers = { get: (request: unknown) => request, delete: three, store: count, update: echo };

let server: InMemoryServer<unknown>;
let clients: Client[] = [];
let duplexes: Duplex[] = [];

function serve(handlers: Partial<Handlers>, options: InMemoryOptions = {}): void {
  const all = { ...SIMPLE, ...handlers };
  const bound = new Map(
    API.methods.map(({ id, verb }) => [id, all[verb.toLowerCase() as keyof Kinds] as unknown as AnyHandler]),
  );
  server = inMemory<unknown>({ api: API, handlers: bound }, options);
}

async function connect(
  callbacks?: Partial<Handlers>,
  options: ConnectOptions<object> = {},
): Promise<Client & { readonly up: Kinds }> {
  const transport = {
    address: "the server",
    open: async () => {
      const near = await server.as({ user: `user ${duplexes.length + 1}` }).open();
      duplexes.push(near);
      return near;
    },
  };
  const serving = callbacks && { callbacks: { down: { ...SIMPLE, ...callbacks } } };
  const all = { reconnect: false, retries: 0, log: false, ...options, ...serving } as const;
  const client = await connectApi<Client & { readonly up: Kinds }>(API, transport, all);
  clients.push(client);
  await until("the server to know it", () => server.clients.length === clients.length);
  return client;
}

/** The callbacks of a client, as the server calls them. */
function back(index = 0): Kinds {
  const client = server.clients[index];
  if (client === undefined) throw new Error(`no client ${index}`);
  return (client.callbacks as { readonly down: Kinds }).down;
}

afterEach(async () => {
  await within("the clients' ends", Promise.all(clients.map((client) => client.close())));
  await within("the server's end", server.close());
  await until("the calls' ends", () => server.calls === 0);
  clients = [];
  duplexes = [];
});

async function collect(stream: ResponseStream<unknown, unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream) items.push(item);
  return [...items, await stream.response];
}

/** Calls every kind once. */
async function all(kinds: Kinds): Promise<unknown[]> {
  return within(
    "every kind",
    Promise.all([
      kinds.get(7),
      collect(kinds.delete({})),
      kinds.store({}, [1, 2, 3]),
      collect(kinds.update({}, [4, 5])),
    ]),
  );
}

const ALL = [7, [1, 2, 3, 3], 6, [4, 5, 0]];

describe("a server", () => {
  test("calls a chosen client, with calls of every kind", async () => {
    serve({});
    await connect({});
    await connect({ get: () => 2 });
    expect(await all(back(0))).toEqual(ALL);
    expect(await back(1).get(7)).toBe(2);
    expect(server.clients.map(({ peer }) => peer.user)).toEqual(["user 1", "user 2"]);
  });

  test("calls the client from within a handler", async () => {
    serve({
      get: async (request: number, ctx: Ctx) => ((await ctx.callbacks.down.get(request)) as number) + 1,
      update: async function* (_: unknown, items: AsyncIterable<unknown>, ctx: Ctx) {
        yield* ctx.callbacks.down.update({}, items);
        return 0;
      },
    });
    const client = await connect({ get: (request: number) => request * 2 });
    expect(await client.up.get(7)).toBe(15);
    expect(await collect(client.up.update({}, [1, 2, 3]))).toEqual([1, 2, 3, 0]);
  });

  test("and its clients make many calls of all kinds to each other at the same time", async () => {
    serve({}, { limits: { calls: 20, window: 100 } });
    const client = await connect({}, { limits: { calls: 20, window: 100 } });
    const calls = Array.from({ length: 200 }, (_, index) => all(index % 2 === 0 ? client.up : back()));
    for (const answers of await Promise.all(calls)) expect(answers).toEqual(ALL);
  });

  test("does not deadlock with its client when each call makes another one", async () => {
    const down = (n: number, ctx: Ctx): unknown => (n === 0 ? 0 : ctx.callbacks.down.get(n - 1));
    serve({ get: down });
    const client = await connect({ get: (n: number): unknown => (n === 0 ? 0 : client.up.get(n - 1)) });
    expect(await within("the end of the ladder", client.up.get(100))).toBe(0);
  });

  test("receives the errors of its client's handler: declared, undeclared and INTERNAL", async () => {
    serve({});
    await connect({
      get: () => {
        throw new Error("secret");
      },
      update: (_: unknown, __: unknown, ctx: Ctx) => ctx.fail("NOT_FOUND", "declared"),
      store: () => {
        throw new RpcError("CONFLICT", "☺", { details: [1] });
      },
    });
    const error = await failure<RpcError>(back().get(1));
    expect(error).toMatchObject({ status: "INTERNAL", method: "GET /down" });
    expect(error.message).not.toContain("secret");
    expect(await failure(back().update({}, []).response)).toMatchObject({ status: "NOT_FOUND", details: "declared" });
    expect(await failure(back().store({}, []))).toMatchObject({ status: "CONFLICT", message: "☺", details: [1] });
  });
});

describe("a callback is validated", () => {
  test("at the server, before the request is sent", async () => {
    serve({});
    await connect({});
    expect(await failure(back().store({}, [1, "two"]))).toMatchObject({ status: "BAD_REQUEST" });
    expect(await failure(back().update({}, ["one"]).response)).toMatchObject({ status: "BAD_REQUEST" });
  });

  test("at the client, before the response is sent", async () => {
    serve({});
    await connect({
      get: () => "wrong",
      delete: () => [1, "wrong"],
      store: () => "wrong",
      update: () => ["wrong"],
    });
    expect(await failure(back().get(1))).toMatchObject({ status: "INTERNAL" });
    const stream = back().delete({});
    expect(await failure(collect(stream))).toMatchObject({ status: "INTERNAL" });
    expect(await failure(back().store({}, [1]))).toMatchObject({ status: "INTERNAL" });
    expect(await failure(back().update({}, [1]).response)).toMatchObject({ status: "INTERNAL" });
  });
});

describe("a client", () => {
  test("without callbacks responds with UNIMPLEMENTED, and its own calls go on", async () => {
    serve({});
    const client = await connect();
    for (const call of [
      back().get(1),
      back().delete({}).response,
      back().store({}, [1, 2]),
      back().update({}, [1, 2]).response,
    ]) {
      expect(await failure(call)).toMatchObject({ status: "UNIMPLEMENTED", message: "this side serves no methods" });
    }
    expect(await all(client.up)).toEqual(ALL);
  });

  test("without one of the handlers is refused with the missing ones", async () => {
    serve({});
    await expect(connectApi(API, server, { callbacks: { down: { get: () => 1 } } })).rejects.toThrow(
      "missing handlers: down.delete (DELETE /down), down.store (STORE /down), down.update (UPDATE /down)",
    );
  });

  test("logs why its handler failed, with the reference number that the server receives", async () => {
    serve({});
    const log = new TestLog();
    const broken = () => {
      throw new Error("the disk is on fire");
    };
    await connect({ get: broken }, { log });
    const error = await failure<RpcError>(back().get(1));
    expect(error).toMatchObject({ status: "INTERNAL" });
    expect(error.message).not.toContain("on fire");
    const line = log.lines.find(({ level }) => level === "error");
    expect(line?.fields["err"]).toMatchObject({ message: "the disk is on fire" });
    expect(error.message).toContain(line?.fields["reference"]);
  });

  test("sees the server as the peer, at the address that it connected to", async () => {
    let peer: Ctx["peer"] | undefined;
    serve({});
    await connect({
      get: (_: unknown, ctx: Ctx) => {
        peer = ctx.peer;
        return 1;
      },
    });
    await back().get(1);
    expect(peer).toMatchObject({ user: "server", address: "the server" });
  });

  test("runs at most `limits.calls` calls of its server at a time; the others wait", async () => {
    serve({});
    let [running, most] = [0, 0];
    await connect(
      {
        get: async (request: number) => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 1));
          running--;
          return request;
        },
      },
      { limits: { calls: 3 } },
    );
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => back().get(index)));
    expect(answers).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(most).toBe(3);
  });
});

describe("a running callback", () => {
  /** Handlers that run until they are cancelled. */
  function waiting() {
    const reasons: string[] = [];
    let started = 0;
    const wait = async ({ signal }: Ctx): Promise<number> => {
      started++;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reasons.push(signal.reason.status);
      return 0;
    };
    const handlers: Handlers = {
      get: (_: unknown, ctx: Ctx) => wait(ctx),
      delete: async function* (_: unknown, ctx: Ctx) {
        yield 1;
        return await wait(ctx);
      },
      store: (_: unknown, __: unknown, ctx: Ctx) => wait(ctx),
      update: async function* (_: unknown, __: unknown, ctx: Ctx) {
        yield 1;
        return await wait(ctx);
      },
    };
    return { handlers, reasons, started: () => started };
  }

  function begin(kinds: Kinds, options: Options = {}): Promise<string>[] {
    const never = async function* () {
      yield 1;
      await new Promise(() => undefined);
    };
    return [
      kinds.get(1, options),
      kinds.delete({}, options).response,
      kinds.store({}, never(), options),
      kinds.update({}, never(), options).response,
    ].map((call) =>
      call.then(
        () => "OK",
        ({ status }: RpcError) => status,
      ),
    );
  }

  test.each(["the connection is cut", "the client closes", "the server closes"])(
    "ends on both sides when %s",
    async (how) => {
      const { handlers, reasons, started } = waiting();
      serve({});
      const client = await connect(handlers);
      const calls = begin(back());
      await until("the handlers", () => started() === 4);
      if (how === "the connection is cut") duplexes[0]?.destroy();
      else if (how === "the client closes") await client.close();
      else await server.close();
      expect(await within("the calls' ends", Promise.all(calls))).toEqual(Array(4).fill("UNAVAILABLE"));
      await until("the handlers' ends", () => reasons.length === 4);
      expect(new Set(reasons)).toEqual(new Set(["UNAVAILABLE"]));
      await until("the clients to be gone", () => server.clients.length === 0);
    },
  );

  test("ends when the server cancels it, or at its deadline", async () => {
    const { handlers, reasons, started } = waiting();
    serve({});
    await connect(handlers);
    const abort = new AbortController();
    const cancelled = begin(back(), { signal: abort.signal });
    await until("the handlers", () => started() === 4);
    abort.abort();
    expect(await within("the calls' ends", Promise.all(cancelled))).toEqual(Array(4).fill("CANCELLED"));
    const late = begin(back(), { timeout: 20 });
    expect(await within("the calls' ends", Promise.all(late))).toEqual(Array(4).fill("DEADLINE_EXCEEDED"));
    await until("the handlers' ends", () => reasons.length === started());
  });

  test("fails with UNAVAILABLE if the client has disconnected", async () => {
    serve({});
    const client = await connect({});
    const gone = back();
    await client.close();
    await until("the clients to be gone", () => server.clients.length === 0);
    for (const status of await Promise.all(begin(gone))) expect(status).toBe("UNAVAILABLE");
  });
});

test("a peer is not called before its HELLO, which lists its methods", async () => {
  serve({});
  const peer = new RawPeer(await server.open());
  await peer.next(FRAME.HELLO);
  expect(server.clients).toEqual([]);
  peer.hello([], { window: 1000, calls: 2 });
  await until("the client", () => server.clients.length === 1);
  const stored = back().store({}, [1]);
  await peer.next(FRAME.END);
  peer.answer(2, 200, "1");
  expect(await stored).toBe(1);
  peer.duplex.destroy();
});

test("a client that reconnects is called over its new connection", async () => {
  serve({});
  const client = await connect({}, { reconnect: { minDelay: 1, maxDelay: 5 } });
  expect(await back().get(1)).toBe(1);
  duplexes[0]?.destroy();
  await until("the next connection", () => duplexes.length === 2 && client.state === "ready");
  await until("one client", () => server.clients.length === 1);
  expect(await back().get(2)).toBe(2);
});

describe("calls that handlers make of clients", () => {
  /** A server whose GET calls each client `request` times, and responds the statuses; they are never answered. */
  async function fan(perKey: NonNullable<InMemoryOptions["perKey"]>) {
    const never = () => new Promise<never>(() => undefined);
    const outcome = (call: Promise<unknown>) =>
      call.then(
        () => "OK",
        ({ status, message, details }: RpcError) => `${status} ${message} ${details}`,
      );
    const outcomes: string[] = [];
    let made = 0;
    serve(
      {
        get: async (request: number, ctx: Ctx & { readonly clients: readonly Pick<Ctx, "callbacks">[] }) => {
          const calls = Array.from({ length: request }, () =>
            ctx.clients.map(({ callbacks }) => callbacks.down.get(1, { signal: ctx.signal })),
          ).flat();
          made += calls.length;
          await Promise.all(calls.map((call) => outcome(call).then((text) => outcomes.push(text))));
          return made;
        },
      },
      { perKey },
    );
    return { never, outcomes, made: () => made };
  }

  test("are at most `perKey.callbacks` without an answer, for all calls of the key", async () => {
    const { never, outcomes, made } = await fan({ callbacks: 5 });
    const client = await connect({ get: never });
    await connect({ get: never });
    const abort = new AbortController();
    const options = { signal: abort.signal };
    const calls = [failure(client.up.get(2, options)), failure(client.up.get(1, options))];
    await until("both calls", () => made() === 6 && outcomes.length === 1);
    expect(outcomes).toEqual([
      "RESOURCE_EXHAUSTED this key already has 5 calls of clients without an answer (perKey.callbacks) undefined",
    ]);
    abort.abort();
    await Promise.all(calls);
    await until("the ends of the calls of clients", () => outcomes.length === 6);
    outcomes.length = 0;
    const again = failure(client.up.get(2));
    await until("four calls more", () => made() === 10);
    expect(outcomes).toEqual([]);
    await client.close();
    await again;
  });

  test("count for the memory of the key until they are answered", async () => {
    const { outcomes, never, made } = await fan({ bytes: 100_000 });
    const client = await connect({ get: never });
    const call = failure(client.up.get(100));
    await until("the calls", () => made() === 100 && outcomes.length > 0);
    expect(outcomes.length).toBeGreaterThan(40);
    expect(outcomes.length).toBeLessThan(80);
    expect(new Set(outcomes).size).toBe(1);
    expect(outcomes[0]).toMatch(/^RESOURCE_EXHAUSTED this key may hold 100000 bytes of memory/);
    await client.close();
    await call;
    await until("the ends of the calls of clients", () => outcomes.length === 100);
  });

  test("are not counted where the program makes them outside of a call", async () => {
    const { never } = await fan({ callbacks: 1 });
    const client = await connect({ get: never });
    const calls = [1, 2, 3].map((request) => failure<RpcError>(back().get(request)));
    await client.close();
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(3).fill("UNAVAILABLE"));
  });

  test("all end with the connection of their client, also if they are too many for one turn", async () => {
    const { outcomes, never, made } = await fan({});
    const caller = await connect();
    const client = await connect({ get: never });
    // It may succeed, or end with its server.
    const call = caller.up.get(2000).catch(() => undefined);
    await until("the calls", () => made() === 4000);
    await client.close();
    await until("their ends", () => outcomes.length === 4000);
    expect(outcomes.filter((text) => text.startsWith("UNAVAILABLE"))).toHaveLength(2000);
    await within("the call", call);
  });
});
