import { connectApi, type Validator } from "sshrpc/generated";
import { RpcError } from "sshrpc/server";
import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { apiOf, handlersOf, method } from "../support/server.js";

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
