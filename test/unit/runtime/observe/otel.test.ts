import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { ExportResultCode } from "@opentelemetry/core";
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import type { CallOptions, Client, ResponseStream } from "sshrpc/client";
import { type Api, connectApi } from "sshrpc/generated";
import { type OtelOptions, otel } from "sshrpc/otel";
import { inMemory, onLoopback } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { type AnyHandler, any, method } from "../support/server.js";
import { until } from "../support/wait.js";
import { type Distribution, durationOf, startTelemetry, type Telemetry } from "./telemetry.js";

const API: Api = {
  name: "notes",
  version: "1.0.0",
  hash: "00",
  methods: [
    method("GET /notes/{id}", { resource: "note", params: { id: "integer" } }),
    method("DELETE /notes/{id}", { resource: "note", scope: "notes:delete", params: { id: "integer" } }),
    method("GET /ticks", { resource: "ticks", kind: "server-streaming", responseItem: any }),
    method("UPDATE /chat", { resource: "chat", kind: "bidirectional", requestItem: any, responseItem: any }),
  ],
  callbacks: [method("GET /screen", { resource: "screen" })],
};

interface Notes extends Client {
  readonly note: Record<"get" | "delete", (request?: object, options?: CallOptions) => Promise<unknown>>;
  readonly ticks: { get(request?: object): ResponseStream<unknown, unknown> };
  readonly chat: {
    update(request: object, items: AsyncIterable<unknown> | Iterable<unknown>): ResponseStream<unknown, unknown>;
  };
}

interface Ctx {
  readonly signal: AbortSignal;
  readonly callbacks: { readonly screen: { get(request: object): Promise<unknown> } };
  fail(status: string, details?: unknown, message?: string): never;
}

type Handler = (...args: never[]) => unknown;

const ECHO = async function* (_: unknown, items: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  yield* items;
};

const traceId = (): string | undefined => trace.getSpanContext(context.active())?.traceId;

interface Setup extends Pick<OtelOptions, "incomingTrace"> {
  readonly over?: "memory" | "ssh";
  readonly note?: Handler;
  readonly ticks?: Handler;
  readonly scopes?: readonly string[];
  readonly limits?: object;
}

async function connected(telemetry: Telemetry, setup: Setup = {}): Promise<Notes> {
  const { over = "memory", note = () => null, ticks = async function* () {}, scopes = ["*"], limits = {} } = setup;
  const { incomingTrace } = setup;
  const handlers = new Map(
    Object.entries({ "GET /notes/{id}": note, "DELETE /notes/{id}": note, "GET /ticks": ticks, "UPDATE /chat": ECHO }),
  ) as Map<string, AnyHandler>;
  const bound = { api: API, handlers };
  const server = {
    observer: await otel({ ...telemetry.providers, ...(incomingTrace && { incomingTrace }) }),
    limits,
  };
  const client = {
    observer: await otel(telemetry.providers),
    reconnect: false,
    retries: 0,
    log: false,
    callbacks: { screen: { get: () => traceId() ?? null } },
  } as const;
  if (over === "memory") {
    const served = inMemory(bound, { ...server, peer: { scopes } });
    const result = await connectApi<Notes>(API, served, client);
    onTestFinished(() => result.close());
    return result;
  }
  const served = await onLoopback(bound, { ...server, scopes });
  const result = await connectApi<Notes>(API, served.target, { ...served.options, ...client });
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

/** The only span of each side; a server ends its span when it sends the status. */
async function pair({ spans }: Telemetry): Promise<{ readonly client: ReadableSpan; readonly server: ReadableSpan }> {
  await until("the spans", () => spans(SpanKind.SERVER).length === 1 && spans(SpanKind.CLIENT).length === 1);
  return { client: spans(SpanKind.CLIENT)[0] as ReadableSpan, server: spans(SpanKind.SERVER)[0] as ReadableSpan };
}

test("a call has a span on each side, by the semantic conventions, in the trace of its caller", async () => {
  const telemetry = startTelemetry();
  const { note } = await connected(telemetry, { over: "ssh", note: () => traceId() });
  const { traceId: outer, result } = await telemetry.inTrace(() => note.get({ id: 42 }));
  expect(result).toBe(outer);
  const { client, server } = await pair(telemetry);
  for (const span of [client, server]) {
    expect(span.name).toBe("GET /notes/{id}");
    expect(span.spanContext().traceId).toBe(outer);
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.attributes).toMatchObject({
      "rpc.system.name": "sshrpc",
      "rpc.method": "GET /notes/{id}",
      "rpc.status_code": "OK",
      "network.protocol.name": "ssh",
    });
    expect(span.attributes).not.toHaveProperty("error.type");
    expect(durationOf(span)).toBeGreaterThan(0);
  }
  expect(server.parentSpanContext).toMatchObject({ spanId: client.spanContext().spanId, isRemote: true });
  expect(client.attributes).toMatchObject({ "server.address": "127.0.0.1", "server.port": expect.any(Number) });
  expect(server.attributes).toMatchObject({ "client.address": "127.0.0.1", "client.port": expect.any(Number) });
  expect(client.attributes["sshrpc.sent.bytes"]).toBe(server.attributes["sshrpc.received.bytes"]);
});

test("streams have one span each, with the numbers of their items, and every item is made in its trace", async () => {
  const telemetry = startTelemetry();
  const { ticks, chat } = await connected(telemetry, {
    ticks: async function* () {
      for (let tick = 0; tick < 3; tick++) {
        await new Promise(setImmediate);
        yield traceId();
      }
    },
  });
  const ofTicks = await telemetry.inTrace(() => read(ticks.get()));
  expect(ofTicks.result).toEqual(Array(3).fill(ofTicks.traceId));
  async function* items(): AsyncGenerator<unknown> {
    yield traceId();
    await new Promise(setImmediate);
    yield traceId();
  }
  const ofChat = await telemetry.inTrace(() => read(chat.update({}, items())));
  expect(ofChat.result).toEqual(Array(2).fill(ofChat.traceId));
  await until("the spans", () => telemetry.spans(SpanKind.SERVER).length === 2);
  const counts = telemetry
    .spans(SpanKind.SERVER)
    .map(({ name, attributes }) => [name, attributes["sshrpc.received.items"], attributes["sshrpc.sent.items"]]);
  expect(counts).toEqual([
    ["GET /ticks", 0, 3],
    ["UPDATE /chat", 2, 2],
  ]);
});

test("a callback inside a handler is a call of the same trace, with the kinds of span the other way round", async () => {
  const telemetry = startTelemetry();
  const { note } = await connected(telemetry, { note: (_: unknown, ctx: Ctx) => ctx.callbacks.screen.get({}) });
  const { traceId: outer, result } = await telemetry.inTrace(() => note.get({ id: 1 }));
  expect(result).toBe(outer);
  const { spans } = telemetry;
  await until("the spans", () => spans(SpanKind.SERVER).length === 2);
  const made = spans(SpanKind.CLIENT).find(({ name }) => name === "GET /screen");
  const run = spans(SpanKind.SERVER).find(({ name }) => name === "GET /screen");
  const handler = spans(SpanKind.SERVER).find(({ name }) => name === "GET /notes/{id}");
  expect(made?.parentSpanContext?.spanId).toBe(handler?.spanContext().spanId);
  expect(run?.parentSpanContext?.spanId).toBe(made?.spanContext().spanId);
  expect(made?.attributes["sshrpc.callback"]).toBe(true);
});

test("a caller that fails its own span has an error; a server has one only for its own faults", async () => {
  const telemetry = startTelemetry();
  const { note } = await connected(telemetry, {
    scopes: ["notes:read"],
    note: ({ id }: { readonly id: number }, ctx: Ctx) => {
      if (id === 7) ctx.fail("NOT_FOUND", undefined, "no note 7");
      throw new Error("disk full");
    },
  });
  await expect(note.get({ id: 7 })).rejects.toThrow();
  await expect(note.get({ id: 8 })).rejects.toThrow();
  await expect(note.delete({ id: 9 })).rejects.toThrow();
  const { spans } = telemetry;
  const outcome = ({ attributes, status }: ReadableSpan) => [
    attributes["rpc.status_code"],
    attributes["error.type"],
    status.code === SpanStatusCode.ERROR,
  ];
  expect(spans(SpanKind.CLIENT).map(outcome)).toEqual([
    ["NOT_FOUND", "NOT_FOUND", true],
    ["INTERNAL", "INTERNAL", true],
    ["FORBIDDEN", "FORBIDDEN", true],
  ]);
  const servers = spans(SpanKind.SERVER);
  expect(servers.map(outcome)).toEqual([
    ["NOT_FOUND", undefined, false],
    ["INTERNAL", "INTERNAL", true],
    ["FORBIDDEN", undefined, false],
  ]);
  expect(servers.map(({ attributes }) => attributes["sshrpc.refused"])).toEqual([undefined, undefined, true]);
  // What the handler threw is in the trace of the server, and not in that of the client.
  const exceptions = (kind: SpanKind) => JSON.stringify(spans(kind).flatMap(({ events }) => events));
  expect(exceptions(SpanKind.SERVER)).toContain("disk full");
  expect(exceptions(SpanKind.CLIENT)).not.toContain("disk full");
});

test.each([
  ["link", 1],
  ["ignore", 0],
] as const)("with incomingTrace %s, a server has traces of its own", async (incomingTrace, links) => {
  const telemetry = startTelemetry();
  const { note } = await connected(telemetry, { incomingTrace, note: () => traceId() });
  const { traceId: outer, result } = await telemetry.inTrace(() => note.get({ id: 1 }));
  const { client, server } = await pair(telemetry);
  expect(client.spanContext().traceId).toBe(outer);
  expect(server.spanContext().traceId).toBe(result);
  expect(result).not.toBe(outer);
  expect(server.links.map((link) => link.context.traceId)).toEqual(Array(links).fill(outer));
});

test("baggage of the caller reaches the handler, and malformed headers of a caller do no harm", async () => {
  const telemetry = startTelemetry();
  const baggage = (): string | undefined => propagation.getBaggage(context.active())?.getEntry("tenant")?.value;
  const { note } = await connected(telemetry, { note: () => baggage() ?? null });
  const withTenant = propagation.setBaggage(context.active(), propagation.createBaggage({ tenant: { value: "acme" } }));
  expect(await context.with(withTenant, () => note.get({ id: 1 }))).toBe("acme");
  const metadata = { traceparent: "00-zz", tracestate: "=".repeat(500), baggage: "%%%=,;" };
  expect(await note.get({ id: 1 }, { metadata })).toBeNull();
  await until("the span", () => telemetry.spans(SpanKind.SERVER).length === 2);
  expect(telemetry.spans(SpanKind.SERVER)[1]?.parentSpanContext).toBeUndefined();
});

test("metrics have the duration, sizes and items of calls, and unknown methods share one value", async () => {
  const telemetry = startTelemetry();
  const { note, ticks } = await connected(telemetry, {
    ticks: async function* () {
      yield* [1, 2, 3];
    },
  });
  await note.get({ id: 1 });
  await read(ticks.get());
  await until("the spans", () => telemetry.spans(SpanKind.SERVER).length === 2);
  const durations = await telemetry.points<Distribution>("rpc.server.call.duration");
  const shared = { "rpc.system.name": "sshrpc", "rpc.status_code": "OK" };
  expect(durations.map(({ attributes }) => attributes)).toEqual([
    { ...shared, "rpc.method": "GET /notes/{id}" },
    { ...shared, "rpc.method": "GET /ticks" },
  ]);
  const [span] = telemetry.spans(SpanKind.SERVER);
  expect(durations[0]?.value).toMatchObject({ count: 1 });
  expect((durations[0]?.value.sum ?? 0) * 1000).toBeCloseTo(durationOf(span as ReadableSpan), 2);
  expect(durations[0]?.value.buckets.boundaries).toContain(0.075);
  const items = await telemetry.points<Distribution>("sshrpc.server.response.items");
  expect(items.map(({ value }) => value.sum)).toEqual([0, 3]);
  expect((await telemetry.points("sshrpc.server.active_calls")).map(({ value }) => value)).toEqual([0, 0]);
  expect(await telemetry.points("rpc.client.call.duration")).toHaveLength(2);
});

test("without an SDK, calls work and a trace passes through", async () => {
  const telemetry = startTelemetry();
  const handlers = { api: API, handlers: new Map<string, AnyHandler>() };
  for (const { id } of API.methods) {
    handlers.handlers.set(
      id,
      ((_: unknown, ctx: { metadata: ReadonlyMap<string, readonly string[]> }) =>
        ctx.metadata.get("traceparent")?.[0] ?? null) as AnyHandler,
    );
  }
  const observer = await otel();
  const client = await connectApi<Notes>(API, inMemory(handlers, { observer }), { observer, reconnect: false });
  onTestFinished(() => client.close());
  const { traceId: outer, result } = await telemetry.inTrace(() => client.note.get({ id: 1 }));
  expect(result).toContain(outer);
});

test("a span processor that throws, as for a collector that is down, does not affect calls", async () => {
  const broken = (): never => {
    throw new Error("the collector is down");
  };
  const processor: SpanProcessor = {
    ...{ onStart: broken, onEnd: broken },
    ...{ forceFlush: async () => {}, shutdown: async () => {} },
  };
  const { note } = await connected(startTelemetry(processor), { note: () => "ok" });
  expect(await note.get({ id: 1 })).toBe("ok");
});

test("a collector that does not answer delays no call, and the spans beyond the queue are dropped", async () => {
  let received = 0;
  let isSilent = true;
  const unanswered: (() => void)[] = [];
  const exporter: SpanExporter = {
    export: (spans, done) => {
      received += spans.length;
      const answer = (): void => done({ code: ExportResultCode.SUCCESS });
      if (isSilent) unanswered.push(answer);
      else answer();
    },
    shutdown: async () => {},
  };
  // The processor exports the next batch after its timeout, so the timeout must not pass during the calls.
  const options = { maxQueueSize: 64, maxExportBatchSize: 32, scheduledDelayMillis: 1, exportTimeoutMillis: 600_000 };
  const processor = new BatchSpanProcessor(exporter, options);
  const { note } = await connected(startTelemetry(processor), { note: () => "ok" });
  const answers = await Promise.all(Array.from({ length: 500 }, (_, id) => note.get({ id })));
  expect(new Set(answers)).toEqual(new Set(["ok"]));
  expect(unanswered).toHaveLength(1);
  const first = received;
  isSilent = false;
  for (const answer of unanswered) answer();
  await processor.forceFlush();
  // The batch that waited for its answer, and the queue: the calls had 1,000 spans.
  expect(received).toBe(first + 64);
});

test("a command has a span, in the trace of the environment of its session", async () => {
  const telemetry = startTelemetry();
  const client = await connected(telemetry, { over: "ssh", note: () => traceId() });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const result = await client.ssh.run("GET /notes/7", { env: { RPC_TRACEPARENT: traceparent } });
  expect(result.stdout.toString()).toBe('"0af7651916cd43dd8448eb211c80319c"\n');
  const [span] = telemetry.spans(SpanKind.SERVER);
  expect(span?.attributes).toMatchObject({ "rpc.method": "GET /notes/{id}", "rpc.status_code": "OK" });
  expect(span?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
});

test("names an invalid option", async () => {
  await expect(otel({ incomingTrace: "always" as never })).rejects.toMatchObject({
    status: "BAD_REQUEST",
    message: 'option incomingTrace: invalid value "always"; use "continue", "link" or "ignore"',
  });
  await expect(otel({ tracer: {} } as never)).rejects.toMatchObject({ status: "BAD_REQUEST" });
});
