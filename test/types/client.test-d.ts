import type { BadRequestDetails, Result, RpcError, Transport } from "sshrpc/client";
import type { AnyRpcError } from "sshrpc/generated";
import { describe, expectTypeOf, test } from "vitest";
import { type ConformanceClient, connect } from "../conformance/generated/client.js";

declare const client: ConformanceClient;

describe("a generated client", () => {
  test("has the types of the request and the response", () => {
    expectTypeOf(client.item.get({ id: 1 })).resolves.toEqualTypeOf<{ id: number }>();
    expectTypeOf(client.item.delete({ id: 1 })).resolves.toEqualTypeOf<null>();
    expectTypeOf(client.secret.get()).resolves.toEqualTypeOf<string>();
    // @ts-expect-error an id is a number
    client.item.get({ id: "1" });
    // @ts-expect-error a property that does not exist
    client.item.get({ id: 1, more: 2 });
    // @ts-expect-error a verb that the resource does not answer
    client.item.store;
    // @ts-expect-error a resource that does not exist
    client.items;
  });

  test("makes the request optional only if it has no required field", () => {
    expectTypeOf(client.empty.get).toBeCallableWith();
    expectTypeOf(client.empty.get.safe).toBeCallableWith();
    expectTypeOf(client.empty.get).toBeCallableWith(undefined, { timeout: 5 });
    // @ts-expect-error item needs an id
    client.item.get();
    // @ts-expect-error so does its safe form
    client.item.get.safe();
  });

  test("accepts only known options", () => {
    const { signal } = new AbortController();
    expectTypeOf(client.item.get).toBeCallableWith({ id: 1 }, { signal, timeout: 5, metadata: { a: ["b"], c: "d" } });
    // @ts-expect-error the option is called timeout
    client.item.get({ id: 1 }, { deadline: 5 });
    // @ts-expect-error metadata is text
    client.item.get({ id: 1 }, { metadata: { a: 1 } });
  });

  test("is async disposable", () => {
    expectTypeOf(client).toExtend<AsyncDisposable>();
    expectTypeOf(client.close).toEqualTypeOf<() => Promise<void>>();
    expectTypeOf(connect).returns.resolves.toEqualTypeOf<ConformanceClient>();
    expectTypeOf<string | Transport>().toExtend<Parameters<typeof connect>[0]>();
    expectTypeOf(connect).toBeCallableWith("ssh://alice@edge", { identity: "key", limits: { calls: 5 }, timeout: 100 });
  });
});

describe("a safe call", () => {
  test("returns the value or the error", async () => {
    const result = await client.item.get.safe({ id: 1 });
    if (result.ok) {
      expectTypeOf(result.value).toEqualTypeOf<{ id: number }>();
      // @ts-expect-error a value has no error
      result.error;
    } else {
      // @ts-expect-error an error has no value
      result.value;
    }
  });

  test("narrows the error by its status, with the declared details", async () => {
    const result = await client.item.get.safe({ id: 1 });
    if (result.ok) return;
    const { error } = result;
    if (error.status === "NOT_FOUND") expectTypeOf(error.details).toEqualTypeOf<{ id: number }>();
    else if (error.status === "BAD_REQUEST") expectTypeOf(error.details).toEqualTypeOf<BadRequestDetails>();
    else {
      expectTypeOf(error.details).toBeUnknown();
      expectTypeOf(error.status).toEqualTypeOf<Exclude<RpcError["status"], "NOT_FOUND" | "BAD_REQUEST">>();
    }
    // @ts-expect-error OK is not an error
    if (error.status === "OK") return;
  });

  test("of a method without declared errors has the errors of the runtime", () => {
    expectTypeOf(client.secret.get.safe()).resolves.toEqualTypeOf<Result<string, AnyRpcError>>();
  });
});
