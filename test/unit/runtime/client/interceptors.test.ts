import {
  type CallOptions,
  type ClientInterceptor,
  logClientCalls,
  maxTimeout,
  type ResponseStream,
  type RetryOptions,
  retry,
} from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import type { Context } from "sshrpc/server";
import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { any, handlersOf, method, TestLog } from "../support/server.js";

const METHODS = [
  method("GET /it"),
  method("STORE /it", { idempotent: false }),
  method("UPDATE /it", { kind: "server-streaming", responseItem: any }),
];

interface It {
  get(request: object, options?: CallOptions): Promise<unknown>;
  store(request: object): Promise<unknown>;
  update(request: object): ResponseStream<unknown, unknown>;
}

async function connected(
  interceptors: readonly ClientInterceptor[],
  get: (request: unknown, ctx: Context) => unknown = (request) => request,
): Promise<It> {
  const update = async function* () {
    yield 1;
    yield 2;
    return "end";
  };
  const handlers = handlersOf(METHODS, { "GET /it": get, "STORE /it": get, "UPDATE /it": () => update() });
  const client = await connectApi<never>(handlers.api, inMemory(handlers), { interceptors });
  return (client as unknown as { it: It }).it;
}

const tracing = (order: string[], name: string): ClientInterceptor => {
  return async (call, next) => {
    order.push(`${name} in`);
    const result = await next(call);
    order.push(`${name} out`);
    return result;
  };
};

test("each interceptor wraps a call once, and the first one is outermost", async () => {
  const order: string[] = [];
  const it = await connected([tracing(order, "a"), tracing(order, "b")]);
  expect(await it.get({ x: 1 })).toEqual({ x: 1 });
  expect(order).toEqual(["a in", "b in", "b out", "a out"]);
});

test("each interceptor wraps a stream once, and passes its items and its response on", async () => {
  const order: string[] = [];
  const it = await connected([tracing(order, "a"), tracing(order, "b")]);
  const stream = it.update({});
  const items: unknown[] = [];
  for await (const item of stream) items.push(item);
  expect(items).toEqual([1, 2]);
  expect(await stream.response).toBe("end");
  expect(order).toEqual(["a in", "b in", "b out", "a out"]);
});

test("an interceptor can change the request and the response, or return a response of its own", async () => {
  const double: ClientInterceptor = async (call, next) => [await next({ ...call, request: { changed: true } })];
  expect(await (await connected([double])).get({})).toEqual([{ changed: true }]);
  expect(await (await connected([async () => "mine"])).get({})).toBe("mine");
});

test("an error that an interceptor throws fails the call, and names the method", async () => {
  const it = await connected([() => Promise.reject(new Error("no token"))]);
  await expect(it.get({})).rejects.toMatchObject({ status: "INTERNAL", method: "GET /it", message: "no token" });
});

test("retry repeats an idempotent call until it succeeds or has used all attempts", async () => {
  let calls = 0;
  const busy = (limit: number) => (_: unknown, ctx: Context) =>
    ++calls < limit ? ctx.fail("RESOURCE_EXHAUSTED") : calls;
  expect(await (await connected([retry({ minDelay: 1, attempts: 3 })], busy(3))).get({})).toBe(3);
  calls = 0;
  const it = await connected([retry({ minDelay: 1, attempts: 2 })], busy(9));
  await expect(it.get({})).rejects.toMatchObject({ status: "RESOURCE_EXHAUSTED" });
  expect(calls).toBe(2);
});

test("retry does not repeat a call that is not idempotent", async () => {
  let calls = 0;
  const it = await connected([retry({ minDelay: 1 })], (_, ctx) => {
    calls++;
    return ctx.fail("RESOURCE_EXHAUSTED");
  });
  await expect(it.store({})).rejects.toMatchObject({ status: "RESOURCE_EXHAUSTED" });
  expect(calls).toBe(1);
});

test("maxTimeout shortens longer timeouts and keeps shorter ones", async () => {
  const left: number[] = [];
  const it = await connected([maxTimeout(1000)], (_, ctx) => void left.push(ctx.deadline - Date.now()));
  await it.get({}, { timeout: 60_000 });
  await it.get({}, { timeout: 500 });
  expect(left[0]).toBeGreaterThan(500);
  expect(left[0]).toBeLessThanOrEqual(1000);
  expect(left[1]).toBeGreaterThan(0);
  expect(left[1]).toBeLessThanOrEqual(500);
});

test("logClientCalls logs the outcome of each call without its payload", async () => {
  const log = new TestLog();
  const it = await connected([logClientCalls(log)], (_, ctx) => ctx.fail("CONFLICT"));
  await it.get({ secret: 1 }).catch(() => undefined);
  for await (const _ of it.update({}));
  expect(log.lines.map(({ fields }) => fields)).toEqual([
    { method: "GET /it", status: "CONFLICT", ms: expect.any(Number) },
    { method: "UPDATE /it", status: "OK", ms: expect.any(Number) },
  ]);
});

test("a call with a parent is cancelled with it, and has its remaining time", async () => {
  const seen: number[] = [];
  const it = await connected([], (_, ctx) => void seen.push(ctx.deadline - Date.now()));
  const cause = new AbortController();
  const parent = { signal: cause.signal, deadline: Date.now() + 400 };
  await it.get({}, { parent, timeout: 60_000 });
  expect(seen[0]).toBeGreaterThan(0);
  expect(seen[0]).toBeLessThanOrEqual(400);
  await expect(it.get({}, { parent: { ...parent, deadline: Date.now() - 1 } })).rejects.toMatchObject({
    status: "DEADLINE_EXCEEDED",
  });
  cause.abort();
  await expect(it.get({}, { parent })).rejects.toMatchObject({ status: "CANCELLED" });
});

test("retry names its own invalid option", () => {
  expect(() => retry({ attempts: 0 })).toThrow("option retry.attempts: 0 is not an integer from 1");
  expect(() => retry({ minDelay: -1 })).toThrow("option retry.minDelay: -1 is not a number from 1 to 2147483647");
  expect(() => retry({ attemps: 2 } as RetryOptions)).toThrow('unknown option "attemps" (did you mean "attempts"?)');
});
