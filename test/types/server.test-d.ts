import type { Context, Peer, RpcError } from "sshrpc/server";
import { describe, expectTypeOf, test } from "vitest";
import { defineHandlers, type Handlers, serve } from "../conformance/generated/server.js";

declare const handlers: Handlers;

describe("handlers", () => {
  test("take the request and the context, and return the response or a promise of it", () => {
    expectTypeOf<Parameters<Handlers["item"]["get"]>[0]>().toEqualTypeOf<{ id: number }>();
    expectTypeOf<ReturnType<Handlers["item"]["get"]>>().toEqualTypeOf<{ id: number } | Promise<{ id: number }>>();
    expectTypeOf<Handlers["secret"]["get"]>().toBeCallableWith({}, null as unknown as Context);
  });

  test("must be complete", () => {
    expectTypeOf(defineHandlers).toBeCallableWith(handlers);
    const { item, ...without } = handlers;
    // @ts-expect-error item is missing
    defineHandlers(without);
    // @ts-expect-error item.delete is missing
    defineHandlers({ ...without, item: { get: item.get } });
    // @ts-expect-error a handler is a function
    defineHandlers({ ...handlers, secret: { get: "42" } });
    // @ts-expect-error serving takes the same
    serve(without, {} as never);
  });

  test("are served directly, or bound by defineHandlers", () => {
    expectTypeOf(serve).toBeCallableWith(handlers, {} as never);
    expectTypeOf(serve).toBeCallableWith(defineHandlers(handlers), {} as never);
    // Handlers that are written down in the call know the types of their requests.
    expectTypeOf(() =>
      serve({ ...handlers, item: { ...handlers.item, get: ({ id }) => ({ id }) } }, {} as never),
    ).toBeFunction();
  });

  test("must return what the contract declares", () => {
    defineHandlers({ ...handlers, secret: { get: () => "42" } });
    defineHandlers({ ...handlers, secret: { get: async () => "42" } });
    // @ts-expect-error a number is not a string
    defineHandlers({ ...handlers, secret: { get: () => 42 } });
    // @ts-expect-error undefined is not a string
    defineHandlers({ ...handlers, secret: { get: async () => undefined } });
  });
});

describe("the context", () => {
  test("has peer, deadline and metadata", () => {
    const ctx = null as unknown as Context;
    expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
    expectTypeOf(ctx.deadline).toBeNumber();
    expectTypeOf(ctx.peer).toEqualTypeOf<Peer>();
    expectTypeOf(ctx.metadata).toEqualTypeOf<ReadonlyMap<string, readonly string[]>>();
  });

  test("fails with declared statuses and their details, or with any other status", () => {
    const get: Handlers["item"]["get"] = ({ id }, ctx) => {
      if (id === 1) ctx.fail("NOT_FOUND", { id });
      if (id === 2) ctx.fail("NOT_FOUND", { id }, "no such item");
      if (id === 3) ctx.fail("CONFLICT");
      if (id === 4) ctx.fail("CONFLICT", { anything: true }, "taken");
      // @ts-expect-error a declared status has details
      if (id === 5) ctx.fail("NOT_FOUND");
      // @ts-expect-error and they are of its type
      if (id === 6) ctx.fail("NOT_FOUND", { id: "x" });
      // @ts-expect-error OK is not an error status
      if (id === 7) ctx.fail("OK");
      // @ts-expect-error an unknown status
      if (id === 8) ctx.fail("TEAPOT");
      return ctx.fail("UNAVAILABLE");
    };
    expectTypeOf(get).toExtend<Handlers["item"]["get"]>();
  });

  test("never returns from fail, so that a handler may end with it", () => {
    const ctx = null as unknown as Context<{ NOT_FOUND: { id: number } }>;
    expectTypeOf(ctx.fail("NOT_FOUND", { id: 1 })).toBeNever();
    expectTypeOf(ctx.fail("CONFLICT")).toBeNever();
  });
});

test("an RpcError's status and details have the types of its arguments", () => {
  expectTypeOf<RpcError<"CONFLICT", { by: string }>["status"]>().toEqualTypeOf<"CONFLICT">();
  expectTypeOf<RpcError<"CONFLICT", { by: string }>["details"]>().toEqualTypeOf<{ by: string }>();
});
