import { setTimeout as delay } from "node:timers/promises";
import { type ClientInterceptor, type ConnectOptions, RpcError } from "sshrpc/client";
import { inMemory, onLoopback, partialHandlers } from "sshrpc/testing";
import { expect, test } from "vitest";
import { type ConformanceClient, connect } from "../../../conformance/generated/client.js";
import { defineHandlers } from "../../../conformance/generated/server.js";
import { failure } from "../support/wait.js";

const handlers = partialHandlers(defineHandlers, {
  secret: {
    async get() {
      await delay(1);
      throw new RpcError("NOT_FOUND", "no such secret");
    },
  },
  run: {
    async *get() {
      await delay(1);
      yield { text: "one" };
      await delay(1);
      throw new RpcError("CONFLICT", "no second item");
    },
    async store(_, items) {
      for await (const _ of items) break;
      throw new RpcError("CONFLICT", "too many");
    },
  },
});
const script = { items: 0, size: 0 } as never;

async function callsTheSecret(client: ConformanceClient): Promise<unknown> {
  return await client.secret.get();
}

async function iteratesTheRun(client: ConformanceClient): Promise<void> {
  for await (const _ of client.run.get(script));
}

async function awaitsTheResponse(client: ConformanceClient): Promise<void> {
  const run = client.run.get(script);
  for await (const _ of run) break;
  await run.response;
}

async function sendsItems(client: ConformanceClient): Promise<void> {
  await client.run.store(script, [{ text: "a" }]);
}

/** The frames of this file in a stack, by their functions. */
function callers(error: Error): string[] {
  const lines = (error.stack ?? "").split("\n").filter((line) => line.includes("error-stacks.test.ts"));
  return lines.map((line) => /at (?:async )?(\w+)/.exec(line)?.[1] ?? line);
}

const CALLS = { callsTheSecret, iteratesTheRun, awaitsTheResponse, sendsItems };

for (const [name, call] of Object.entries(CALLS)) {
  test(`the stack of an error from the server has the line of the code that called (${name})`, async () => {
    await using client = await connect(inMemory(handlers));
    expect(callers(await failure<Error>(call(client)))).toContain(name);
  });
}

test("so has that of a call over SSH, of an expired one, and of one behind an interceptor", async () => {
  await using server = await onLoopback(handlers);
  const through = async (options: ConnectOptions) => {
    await using client = await connect(server.target, { ...server.options, ...options });
    return callers(await failure<Error>(callsTheSecret(client)));
  };
  const pass: ClientInterceptor = (call, next) => next(call);
  const wait: ClientInterceptor = async (call, next) => {
    await delay(1);
    return await next(call);
  };
  expect(await through({})).toContain("callsTheSecret");
  expect(await through({ timeout: 0.5 })).toContain("callsTheSecret");
  expect(await through({ interceptors: [pass] })).toContain("callsTheSecret");
  expect(await through({ interceptors: [wait, pass, wait] })).toContain("callsTheSecret");
});

test("an error of the caller's own request has that line once", async () => {
  await using client = await connect(inMemory(handlers));
  async function sendsNonsense(): Promise<void> {
    await client.item.get({ id: "one" } as never);
  }
  const found = callers(await failure<Error>(sendsNonsense()));
  expect(found.filter((name) => name === "sendsNonsense")).toHaveLength(1);
});

test("the two errors of a failed stream, which are the same, do not gather lines", async () => {
  await using client = await connect(inMemory(handlers));
  const run = client.run.get(script);
  const errors: Error[] = await Promise.all([
    failure<Error>(run.response),
    failure<Error>(
      (async () => {
        for await (const _ of run);
      })(),
    ),
    failure<Error>(run.response),
  ]);
  for (const { stack } of errors) expect(new Set(stack?.split("\n")).size).toBe(stack?.split("\n").length);
});
