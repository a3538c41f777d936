import { connectApi, type Validator } from "sshrpc/generated";
import { RpcError } from "sshrpc/server";
import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { apiOf, handlersOf, method, TestLog } from "../support/server.js";

/** As a validator of a recursive type is for details that are nested too deep. */
const tooDeep: Validator = () => {
  throw new RangeError("Maximum call stack size exceeded");
};

const THROWN: readonly (readonly [string, () => unknown])[] = [
  ["an object without a prototype", () => Object.create(null)],
  ["an object whose toString throws", () => ({ toString: () => expect.unreachable() })],
  ["an Error whose message throws", () => Object.defineProperty(new Error(), "message", { get: () => tooDeep(0) })],
  ["a proxy whose traps throw", () => new Proxy({}, { has: () => tooDeep(0), get: () => tooDeep(0) })],
  ["a symbol", () => Symbol("x")],
  ["undefined", () => undefined],
  ["details that cannot be checked", () => new RpcError("CONFLICT", "deep", { details: {} })],
];

test.each(THROWN)("a handler that throws %s, synchronously or later, fails its own call only", async (_, thrown) => {
  const declared = method("GET /it", { errors: { CONFLICT: tooDeep } });
  const fail = (request: unknown): unknown => {
    const { later, fine } = request as { later?: boolean; fine?: boolean };
    if (fine) return "fine";
    if (later) return Promise.reject(thrown());
    throw thrown();
  };
  const client = await connectApi<never>(apiOf(declared), inMemory(handlersOf([declared], { "GET /it": fail })));
  const { it } = client as unknown as { it: { get(request: object): Promise<unknown> } };
  const status = (request: object) => it.get(request).catch((error: RpcError) => error.status);
  expect(await status({})).toBe("INTERNAL");
  expect(await status({ later: true })).toBe("INTERNAL");
  expect(await status({ fine: true })).toBe("fine");
});

test("the log has the first failures of a key in full, the first one of each kind, and the number of the others", async () => {
  const methods = [method("GET /it"), method("STORE /it")];
  const fail = (request: unknown): unknown => {
    throw Object.assign(new Error("the disk is full"), { name: (request as { name: string }).name });
  };
  const handlers = handlersOf(methods, { "GET /it": fail, "STORE /it": fail });
  const log = new TestLog();
  const server = inMemory(handlers, { log });
  const client = await connectApi<never>(apiOf(...methods), server);
  const { it } = client as unknown as Record<"it", Record<"get" | "store", (request: object) => Promise<unknown>>>;
  const failed = (call: Promise<unknown>) => call.catch(({ message }: RpcError) => message);
  const messages: unknown[] = [];
  for (let number = 0; number < 100; number++) messages.push(await failed(it.get({ name: "Error" })));
  for (let number = 0; number < 100; number++) messages.push(await failed(it.get({ name: "TypeError" })));
  for (let number = 0; number < 100; number++) messages.push(await failed(it.store({ name: "Error" })));
  const lines = () => log.lines.filter(({ level }) => level === "error");
  expect(lines()).toHaveLength(22);
  expect(
    messages.filter((message) => /the server's log has the reason under \w{8}$/.test(String(message))),
  ).toHaveLength(22);
  expect(messages[99]).toBe("the handler failed; the server's log has the reasons of earlier failures of this key");
  await server.close();
  expect(lines()).toHaveLength(23);
  expect(lines()[22]).toMatchObject({
    message: "more failures of calls of this key",
    fields: {
      user: "test",
      omitted: 278,
      failures: { "GET /it Error": 80, "GET /it TypeError": 99, "STORE /it Error": 99 },
    },
  });
});
