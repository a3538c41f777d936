import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setTimeout as sleep } from "node:timers/promises";
import { SpanKind } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { CallOptions, Client, ResponseStream } from "sshrpc/client";
import { type Api, connectApi, type Method } from "sshrpc/generated";
import { metrics, serveMetrics } from "sshrpc/metrics";
import { otel } from "sshrpc/otel";
import { type CallEnded, type Context, type Observer, tracked } from "sshrpc/server";
import { onLoopback } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { type AnyHandler, any, method, only, TestLog } from "../support/server.js";
import { until } from "../support/wait.js";
import { durationOf, startTelemetry } from "./telemetry.js";

const CALLS = 1000;
const AT_ONCE = 25;
const SEED = 17;

const number = only((value) => typeof value === "number");

const methods = (item: NonNullable<Method["responseItem"]>): Method[] => [
  method("GET /notes/{id}", { resource: "note", params: { id: "integer" } }),
  method("STORE /notes", { resource: "notes", scope: "admin" }),
  method("GET /ticks", { resource: "ticks", kind: "server-streaming", responseItem: item }),
  method("STORE /sum", { resource: "sum", kind: "client-streaming", requestItem: any, idempotent: false }),
  method("UPDATE /chat", { resource: "chat", kind: "bidirectional", requestItem: any, responseItem: any }),
  method("GET /file", { resource: "file", kind: "server-streaming", responseItem: "bytes" }),
  method("UPDATE /slow", { resource: "slow" }),
  method("STORE /orders", { resource: "orders", idempotent: false }),
  method("GET /feed", { resource: "feed", kind: "server-streaming", responseItem: item }),
];
const callbacks = [
  method("GET /screen", { resource: "screen" }),
  method("UPDATE /screen", { resource: "screen", kind: "bidirectional", requestItem: any, responseItem: any }),
];
const SERVED: Api = { name: "notes", version: "1.0.0", hash: "00", methods: methods(number), callbacks };
/** The client has a method that the server has not, and checks nothing. */
const CALLED: Api = { ...SERVED, hash: "01", methods: [...methods(any), method("GET /lost", { resource: "lost" })] };

type Unary = (request: object, options?: CallOptions) => Promise<unknown>;
type Streaming = (request: object, options?: CallOptions) => ResponseStream<unknown, unknown>;

interface Notes extends Client {
  readonly note: { readonly get: Unary };
  readonly notes: { readonly store: Unary };
  readonly ticks: { readonly get: Streaming };
  readonly sum: { store(request: object, items: Iterable<unknown>): Promise<unknown> };
  readonly chat: { update(request: object, items: Iterable<unknown>): ResponseStream<unknown, unknown> };
  readonly file: { readonly get: Streaming };
  readonly slow: { readonly update: Unary };
  readonly orders: { readonly store: Unary };
  readonly feed: { readonly get: Streaming };
  readonly lost: { readonly get: Unary };
}

interface Screen {
  readonly screen: {
    get(request: object): Promise<unknown>;
    update(request: object, items: Iterable<unknown>): ResponseStream<unknown, unknown>;
  };
}

async function* echo(_: unknown, items: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  yield* items;
}

const HANDLERS: Readonly<Record<string, (...args: never[]) => unknown>> = {
  "GET /notes/{id}": async ({ id }: { readonly id: number }, ctx: Context<unknown, Screen>) => {
    if (id === 1) throw new Error("disk full");
    if (id === 2) ctx.fail("NOT_FOUND");
    if (id === 3) return ctx.callbacks.screen.get({ id });
    if (id === 4) await read(ctx.callbacks.screen.update({}, [1, 2, 3]));
    return { id };
  },
  "STORE /notes": () => null,
  "GET /ticks": async function* ({ count, fail }: { readonly count: number; readonly fail?: boolean }) {
    for (let tick = 0; tick < count; tick++) yield tick;
    if (fail) yield "not a number";
  },
  "STORE /sum": async (_: unknown, items: AsyncIterable<number>) => {
    let sum = 0;
    for await (const item of items) sum += item;
    return sum;
  },
  "UPDATE /chat": echo,
  "GET /file": async function* () {
    for (let part = 0; part < 3; part++) yield Buffer.alloc(1000);
    return null;
  },
  "STORE /orders": async ({ item }: { readonly item: number }) => {
    await sleep(item);
    if (item === 3) throw new Error("sold out");
    return { item };
  },
  "GET /feed": async function* (_: unknown, { resumeAfter = "0" }: Context) {
    for (let number = Number(resumeAfter) + 1; number <= 10; number++) yield tracked(`${number}`, number);
  },
  "UPDATE /slow": (_: unknown, { signal }: Context) => sleep(60_000, undefined, { signal }),
};

async function read(stream: ResponseStream<unknown, unknown>): Promise<void> {
  for await (const _ of stream);
  await stream.response;
}

/** Reads one item and leaves. */
async function leave(stream: ResponseStream<unknown, unknown>): Promise<void> {
  for await (const _ of stream) break;
}

async function cancelled(client: Notes): Promise<void> {
  const abort = new AbortController();
  const call = client.slow.update({}, { signal: abort.signal });
  setImmediate(() => abort.abort());
  await call;
}

/** A command, as stock ssh sends it: it has no span of a client. */
const command = (line: string) => (client: Notes) => client.ssh.run(line);

type Kind = (client: Notes, random: number) => Promise<unknown>;

const KINDS: Readonly<Record<string, Kind>> = {
  unary: ({ note }, random) => note.get({ id: 10 + (random % 100) }),
  failing: ({ note }) => note.get({ id: 1 }),
  declared: ({ note }) => note.get({ id: 2 }),
  callback: ({ note }) => note.get({ id: 3 }),
  "streaming callback": ({ note }) => note.get({ id: 4 }),
  unauthorized: ({ notes }) => notes.store({}),
  unknown: ({ lost }) => lost.get({}),
  "server streaming": ({ ticks }, random) => read(ticks.get({ count: random % 20 })),
  "failing stream": ({ ticks }, random) => read(ticks.get({ count: random % 5, fail: true })),
  "cancelled stream": ({ ticks }) => leave(ticks.get({ count: 100_000 })),
  "client streaming": ({ sum }, random) => sum.store({}, Array(random % 20).fill(1)),
  bidirectional: ({ chat }, random) => read(chat.update({}, Array(random % 20).fill("x"))),
  bytes: ({ file }) => read(file.get({})),
  "timed out": ({ slow }, random) => slow.update({}, { timeout: 1 + (random % 20) }),
  cancelled,
  "too large": ({ note }) => note.get({ id: 5, text: "x".repeat(70_000) }),
  // Most are repeats: of one that runs, or of one that has ended.
  keyed: ({ orders }, random) => orders.store({ item: random % 5 }, { idempotencyKey: `order-${random % 20}` }),
  "another request with the key": ({ orders }) => orders.store({ item: 9 }, { idempotencyKey: "order-0" }),
  tracked: ({ feed }, random) => read(feed.get({}, { resumeAfter: `${random % 9}` })),
  "keyed command": command("STORE /orders item=1 --idempotency-key command-1"),
  command: command("GET /notes/99"),
  "streaming command": command("GET /ticks count=3"),
  "failing command": command("GET /notes/1"),
  "unauthorized command": command("STORE /notes x=1"),
  "unknown command": command("GET /nowhere/42"),
};

/** A small generator of random numbers with a seed: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** What each observation says of a call. */
interface Seen {
  readonly method: string;
  readonly status: string;
  readonly milliseconds: number;
}

/** The durations of each method and status, in ascending order. */
function grouped(calls: readonly Seen[]): Readonly<Record<string, readonly number[]>> {
  const groups: Record<string, number[]> = {};
  for (const { method: id, status, milliseconds } of calls) {
    const group = `${id} ${status}`;
    groups[group] ??= [];
    groups[group].push(milliseconds);
  }
  for (const group of Object.values(groups)) group.sort((one, other) => one - other);
  return groups;
}

/** Whether two observations have the same calls, with durations that differ by their rounding at most. */
function expectSame(seen: readonly Seen[], reference: readonly Seen[], rounding: number): void {
  const [found, expected] = [grouped(seen), grouped(reference)];
  const counts = (groups: typeof found) =>
    Object.fromEntries(Object.entries(groups).map(([group, list]) => [group, list.length]));
  expect(counts(found)).toEqual(counts(expected));
  for (const [group, list] of Object.entries(expected)) {
    const differences = list.map((value, index) => Math.abs(value - (found[group]?.[index] ?? Number.NaN)));
    expect(Math.max(...differences), group).toBeLessThanOrEqual(rounding);
  }
}

const fromSpan = (span: ReadableSpan): Seen => ({
  method: `${span.attributes["rpc.method_original"] ?? span.attributes["rpc.method"]}`,
  status: `${span.attributes["rpc.status_code"]}`,
  milliseconds: durationOf(span),
});

/** The counts and the sums in ms of the durations in a scrape, by method and status. */
function fromScrape(text: string, side: string): Record<string, { count: number; sum: number }> {
  const found: Record<string, { count: number; sum: number }> = {};
  const pattern = new RegExp(
    `^sshrpc_${side}_call_duration_seconds_(count|sum)\\{method="(.*)",verb=".*",status="(.*)"\\} (.*)$`,
    "gm",
  );
  for (const [, what, id, status, value] of text.matchAll(pattern)) {
    const group = `${id} ${status}`;
    found[group] ??= { count: 0, sum: 0 };
    if (what === "count") found[group].count = Number(value);
    else found[group].sum = Number(value) * 1000;
  }
  return found;
}

function expectScraped(text: string, side: "server" | "client", reference: readonly CallEnded[]): void {
  const labeled = reference.map((call) => ({ ...call, method: call.unknown ? "unknown" : call.method }));
  const expected = grouped(labeled);
  const found = fromScrape(text, side);
  expect(Object.keys(found).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [group, list] of Object.entries(expected)) {
    expect(found[group]?.count, group).toBe(list.length);
    expect(found[group]?.sum, group).toBeCloseTo(
      list.reduce((sum, value) => sum + value, 0),
      3,
    );
  }
}

/** The calls that an observer sees. */
class Reference {
  readonly ended: CallEnded[] = [];
  started = 0;
  readonly observer: Observer = {
    callStarted: () => {
      this.started += 1;
    },
    callEnded: (call) => void this.ended.push(call),
  };

  of(side: CallEnded["side"]): readonly CallEnded[] {
    return this.ended.filter((call) => call.side === side);
  }
}

test("spans, metrics, log, audit log and channels agree on 1,000 random calls of all kinds over SSH", async () => {
  const published: CallEnded[] = [];
  const listener = (message: unknown): void => void published.push(message as CallEnded);
  subscribe("sshrpc:call.end", listener);
  onTestFinished(() => void unsubscribe("sshrpc:call.end", listener));
  const [serverSide, clientSide] = [startTelemetry(), startTelemetry()];
  const [serverMetrics, clientMetrics] = [await metrics(), await metrics({ processMetrics: false })];
  const [atServer, atClient] = [new Reference(), new Reference()];
  const [log, audit] = [Object.assign(new TestLog(), { isLevelEnabled: () => true }), new TestLog()];
  const handlers = new Map(Object.entries(HANDLERS)) as unknown as Map<string, AnyHandler>;
  const server = await onLoopback(
    { api: SERVED, handlers },
    {
      ...{ log, audit, refusalLines: 1_000_000, scopes: ["notes"], contractDrift: "ignore" },
      limits: { message: 65_536, cancels: 1_000_000 },
      observer: [atServer.observer, await otel(serverSide.providers), serverMetrics.observer],
    },
  );
  onTestFinished(() => server.close());
  const client = await connectApi<Notes>(CALLED, server.target, {
    ...{ ...server.options, log: false, retries: 0, reconnect: false, contractDrift: "ignore" },
    observer: [atClient.observer, await otel(clientSide.providers), clientMetrics.observer],
    callbacks: { screen: { get: () => null, update: echo } },
  });
  onTestFinished(() => client.close());

  const random = seeded(SEED);
  const names = Object.keys(KINDS);
  // Each kind at least once.
  const plan = Array.from({ length: CALLS }, (_, index) => names[index] ?? (names[random() % names.length] as string));
  for (let at = 0; at < CALLS; at += AT_ONCE) {
    const some = plan.slice(at, at + AT_ONCE);
    await Promise.allSettled(some.map((name) => KINDS[name]?.(client, random())));
  }
  const count = (...wanted: string[]): number => plan.filter((name) => wanted.includes(name)).length;
  const commands = plan.filter((name) => name.endsWith("command")).length;
  const ofCallbacks = count("callback", "streaming callback");
  // A client does not send what it knows to be too large.
  const served = CALLS - count("too large");
  await until("the end of every call", () => atServer.ended.length === served + ofCallbacks);
  await until("the end of every callback", () => atClient.ended.length === CALLS - commands + ofCallbacks);

  // The observers have each call once, with one end.
  for (const reference of [atServer, atClient]) {
    expect(reference.started).toBe(reference.ended.length);
    expect(new Set(reference.ended.map(({ call }) => call)).size).toBe(reference.ended.length);
  }
  expect([atServer.of("server").length, atServer.of("client").length]).toEqual([served, ofCallbacks]);
  expect([atClient.of("client").length, atClient.of("server").length]).toEqual([CALLS - commands, ofCallbacks]);
  const statuses = new Set(atServer.of("server").map(({ status }) => status));
  const expected = ["BAD_REQUEST", "CANCELLED", "FORBIDDEN", "INTERNAL", "NOT_FOUND", "OK", "UNIMPLEMENTED"];
  expect([...statuses].filter((status) => status !== "DEADLINE_EXCEEDED").toSorted()).toEqual(expected);

  for (const [telemetry, reference] of [
    [serverSide, atServer],
    [clientSide, atClient],
  ] as const) {
    expectSame(telemetry.spans(SpanKind.SERVER).map(fromSpan), reference.of("server"), 0.002);
    expectSame(telemetry.spans(SpanKind.CLIENT).map(fromSpan), reference.of("client"), 0.002);
  }
  // Both spans of a call are of one trace: the callee's is the child of the caller's.
  const ids = (spans: readonly ReadableSpan[]) => spans.map((span) => span.spanContext().spanId).toSorted();
  const parents = (spans: readonly ReadableSpan[]) =>
    spans.flatMap(({ parentSpanContext }) => parentSpanContext?.spanId ?? []).toSorted();
  const sent = clientSide.spans(SpanKind.CLIENT).filter((span) => fromSpan(span).status !== "MESSAGE_TOO_LARGE");
  expect(parents(serverSide.spans(SpanKind.SERVER))).toEqual(ids(sent));
  expect(parents(clientSide.spans(SpanKind.SERVER))).toEqual(ids(serverSide.spans(SpanKind.CLIENT)));

  await using port = await serveMetrics(serverMetrics.registry, { port: 0 });
  const scraped = await (await fetch(`http://127.0.0.1:${port.port}/metrics`)).text();
  const ofClient = await clientMetrics.registry.metrics();
  for (const side of ["server", "client"] as const) {
    expectScraped(scraped, side, atServer.of(side));
    expectScraped(ofClient, side, atClient.of(side));
  }
  expect(scraped).not.toMatch(/_running_calls\{.*\} [^0]/);

  const lines = (written: TestLog): Seen[] =>
    written.lines
      .filter(({ message }) => message === "call")
      .map(({ fields }) => ({ ...(fields as unknown as Seen), milliseconds: fields["ms"] as number }));
  expectSame(lines(audit), atServer.ended, 0.051);
  expectSame(lines(log), atServer.ended, 0.051);

  const byCall = new Map(published.map((event) => [event.call, event]));
  expect(byCall.size).toBe(published.length);
  for (const call of [...atServer.ended, ...atClient.ended]) {
    expect(byCall.get(call.call)).toMatchObject({
      status: call.status,
      milliseconds: call.milliseconds,
      side: call.side,
    });
  }
  expect(published).toHaveLength(atServer.ended.length + atClient.ended.length);
});
