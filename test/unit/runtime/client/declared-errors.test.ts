import type { RpcError } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { apiOf, handlersOf, method, only } from "../support/server.js";

const details = only((value) => typeof (value as { id?: unknown } | undefined)?.id === "number");

async function failureOf(
  status: "FORBIDDEN" | "NOT_FOUND",
  answer: object | undefined,
  scope?: string,
): Promise<RpcError> {
  const declared = method("GET /it", { errors: { [status]: details }, ...(scope !== undefined && { scope }) });
  const fails = (_request: unknown, ctx: { fail(status: string, details: unknown): never }): never =>
    ctx.fail(status, answer);
  const handlers = handlersOf([declared], { "GET /it": fails as never });
  const client = await connectApi<never>(apiOf(declared), inMemory(handlers, { peer: { scopes: [] } }));
  const { it } = client as unknown as { it: { get(): Promise<unknown> } };
  return it.get().then(
    () => expect.unreachable(),
    (error: RpcError) => error,
  );
}

test("a status sent by the runtime keeps its name if the method declares details for it", async () => {
  expect(await failureOf("FORBIDDEN", undefined, "it:read")).toMatchObject({ status: "FORBIDDEN", details: undefined });
});

test("the details that a handler gives for such a status arrive unchanged", async () => {
  expect(await failureOf("FORBIDDEN", { id: 7 })).toMatchObject({ status: "FORBIDDEN", details: { id: 7 } });
});

test("details that violate the contract arrive as INTERNAL", async () => {
  expect(await failureOf("NOT_FOUND", { id: "7" })).toMatchObject({ status: "INTERNAL" });
});
