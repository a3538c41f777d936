import { duplexPair } from "../../runtime/src/base/memory-transport.js";
import type { CallOptions } from "../../runtime/src/client/call/call-options.js";
import type { ResponseStream } from "../../runtime/src/client/call/method-types.js";
import { openClient } from "../../runtime/src/client/client.js";
import type { Api, Method, Validator } from "../../runtime/src/contract/method.js";
import type { RpcError } from "../../runtime/src/contract/rpc-error.js";
import type { AnyHandler } from "../../runtime/src/server/api-handlers.js";
import { ApiServer } from "../../runtime/src/server/api-server.js";
import type { Context } from "../../runtime/src/server/call/context.js";
import { WindowBudget } from "../../runtime/src/wire/flow/stream-window.js";

// Abandons calls in the way that its first argument names, as many as its second one says, and prints what leaked.

const how = process.argv[2] ?? "";
const TOTAL = Number(process.argv[3]);

/** The total growth of windows, and the part of it that was not returned. */
let [grown, kept] = [0, 0];
const { take, give } = WindowBudget.prototype;
WindowBudget.prototype.take = function (bytes) {
  const taken = take.call(this, bytes);
  if (taken) grown += bytes;
  if (taken) kept += bytes;
  return taken;
};
WindowBudget.prototype.give = function (bytes) {
  kept -= bytes;
  give.call(this, bytes);
};

const AT_ONCE = 100;

/** A request whose memory is counted by its values. */
const LARGE = { list: Array(100).fill({}) };

const any: Validator = () => true;
const common = { resource: "it", path: "/it", params: {}, idempotent: false, request: any, response: any } as const;
const down: Method = { ...common, id: "GET /it", verb: "GET", kind: "server-streaming", responseItem: any };
const up: Method = { ...common, id: "STORE /it", verb: "STORE", kind: "client-streaming", requestItem: any };
const wait: Method = { ...common, id: "UPDATE /it", verb: "UPDATE", kind: "unary" };
const api: Api = { name: "leaks", version: "1.0.0", hash: "00", methods: [down, up, wait] };

let unfinished = 0;

async function* items(_: unknown, { signal }: Context): AsyncGenerator<string> {
  unfinished++;
  signal.addEventListener("abort", () => undefined);
  try {
    for (;;) yield "an item that takes some room".repeat(5);
  } finally {
    unfinished--;
  }
}

async function takeThree(_: unknown, items: AsyncIterable<unknown>, { signal }: Context): Promise<number> {
  unfinished++;
  try {
    let count = 0;
    for await (const _item of items) if (++count === 3) break;
    await new Promise((resolve) => (signal.aborted ? resolve(0) : signal.addEventListener("abort", resolve)));
    return count;
  } finally {
    unfinished--;
  }
}

/** Takes up to 3 ms, and rarely checks whether its call was cancelled. */
async function dawdle(_: unknown, { signal }: Context): Promise<number> {
  unfinished++;
  signal.addEventListener("abort", () => undefined);
  try {
    await pause(Math.random() * 4);
    return 1;
  } finally {
    unfinished--;
  }
}

/** A random wait: none, a microtask, a turn of the event loop, or some milliseconds. */
async function pause(milliseconds: number): Promise<void> {
  if (milliseconds >= 1) await new Promise((resolve) => setTimeout(resolve, milliseconds));
  else if (milliseconds > 0.3) await new Promise((resolve) => setImmediate(resolve));
}

const handlers = new Map<string, AnyHandler>([
  [wait.id, dawdle as unknown as AnyHandler],
  [down.id, items as AnyHandler],
  [up.id, takeThree as unknown as AnyHandler],
]);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const server = new ApiServer({ api, handlers }, { log, limits: { window: 2000, windowGrowth: 20_000 } });
let near = duplexPair()[0];
const transport = {
  address: "memory",
  open: async () => {
    const [one, other] = duplexPair();
    near = one;
    server.accept(other, { user: "alice", scopes: ["*"] });
    return one;
  },
};
const client = await openClient(api, transport, {
  limits: { window: 2000, windowGrowth: 20_000 },
  retries: 0,
  reconnect: { minDelay: 1, maxDelay: 2 },
});
const calls = (client as unknown as { it: Record<"get" | "store" | "update", unknown> }).it;
const get = calls.get as (request: unknown, options?: CallOptions) => ResponseStream<unknown, unknown>;
const update = calls.update as (request: unknown, options?: CallOptions) => Promise<unknown>;
const store = calls.store as (request: unknown, items: Iterable<unknown>, options?: CallOptions) => Promise<unknown>;

const statuses: Record<string, number> = {};
const shared = new AbortController();

async function ended(response: Promise<unknown>): Promise<void> {
  const status = await response.then(
    () => "OK",
    (error: RpcError) => error.status,
  );
  statuses[status] = (statuses[status] ?? 0) + 1;
}

/** Reads one item, where one arrives. */
function first(stream: AsyncIterable<unknown>): Promise<unknown> {
  return stream[Symbol.asyncIterator]()
    .next()
    .catch(() => undefined);
}

function* endless(): Generator<string> {
  for (;;) yield "x".repeat(100);
}

/** Starts a stream and abandons it. */
async function abandon(index: number): Promise<void> {
  switch (how) {
    case "break": {
      const stream = get({});
      let count = 0;
      for await (const _item of stream) if (++count > index % 12) break;
      return ended(stream.response);
    }
    case "cancel": {
      const stream = get({});
      if (index % 2 === 0) await first(stream);
      stream.cancel();
      return ended(stream.response);
    }
    case "signal": {
      const abort = new AbortController();
      const signal = AbortSignal.any([abort.signal, shared.signal]);
      const stream = get({}, { signal });
      if (index % 3 === 0) await first(stream);
      abort.abort();
      return ended(stream.response);
    }
    case "deadline": {
      const stream = get({}, { timeout: 1 + (index % 10), signal: shared.signal });
      if (index % 2 === 0) await first(stream);
      return ended(stream.response);
    }
    case "never iterated":
      return ended(get({}, { timeout: 5, signal: shared.signal }).response);
    case "request":
      return ended(store({}, endless(), { timeout: 1 + (index % 10) }));
    case "random": {
      const abort = new AbortController();
      const { signal } = abort;
      // Some are left to end by themselves, on a busy machine, too.
      const isLeft = index % 20 === 0;
      const kind = isLeft ? 0 : Math.random() * 10;
      const response =
        kind < 8
          ? update(kind < 1 ? LARGE : {}, { signal })
          : kind < 9
            ? store({}, endless(), { signal })
            : get({}, { signal }).response;
      const done = ended(response);
      await (isLeft ? done : pause(Math.random() * 12));
      abort.abort();
      return done;
    }
    default: {
      const stream = get({}, { timeout: 10_000, signal: shared.signal });
      if (index % 2 === 0) await first(stream);
      return ended(stream.response);
    }
  }
}

async function rounds(total: number): Promise<void> {
  const cut = how === "lost" ? setInterval(() => near.destroy(), 5) : undefined;
  for (let at = 0; at < total; at += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => abandon(at + index)));
  }
  clearInterval(cut);
}

async function settled(): Promise<number> {
  const end = Date.now() + 5000;
  while ((unfinished > 0 || server.calls > 0) && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 5));
  for (let count = 0; count < 4; count++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    (globalThis as unknown as { gc(): void }).gc();
  }
  return process.memoryUsage().heapUsed;
}

await rounds(1000);
const before = await settled();
for (const status of Object.keys(statuses)) delete statuses[status];
await rounds(TOTAL);
const after = await settled();
const resources = process.getActiveResourcesInfo();
const events = process.getBuiltinModule("node:events") as typeof import("node:events");
console.log(
  JSON.stringify({
    calls: server.calls,
    bytes: server.accounts.held("bytes"),
    listeners: events.getEventListeners(shared.signal, "abort").length,
    timers: resources.filter((name) => name === "Timeout").length,
    grown,
    kept,
    unfinished,
    statuses,
    before,
    after,
  }),
);
await client.close();
await server.close();
