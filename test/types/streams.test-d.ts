import type { RequestItems, ResponseStream, Result, SafeResponseStream } from "sshrpc/client";
import type { AnyRpcError } from "sshrpc/generated";
import type { ResponseItems } from "sshrpc/server";
import { describe, expectTypeOf, test } from "vitest";
import type { ConformanceClient } from "../conformance/generated/client.js";
import type { Handlers } from "../conformance/generated/server.js";
import type { Item, Script, ScriptInput, Tally } from "../conformance/generated/types.js";

declare const client: ConformanceClient;
declare const script: Script;

describe("a method of a generated client", () => {
  test("that is unary takes a request and returns the response", () => {
    expectTypeOf(client.run.delete).parameter(0).toEqualTypeOf<ScriptInput>();
    expectTypeOf(script).toExtend<ScriptInput>();
    expectTypeOf(client.run.delete(script)).toEqualTypeOf<Promise<Tally>>();
    expectTypeOf(client.run.delete.safe(script)).toEqualTypeOf<Promise<Result<Tally, AnyRpcError>>>();
    // @ts-expect-error it has no request stream
    client.run.delete(script, [{ text: "one" }], {});
  });

  test("that is server-streaming returns a stream of items and the response behind it", async () => {
    const stream = client.run.get(script);
    expectTypeOf(stream).toEqualTypeOf<ResponseStream<Item, Tally>>();
    expectTypeOf(stream.response).toEqualTypeOf<Promise<Tally>>();
    for await (const item of stream) expectTypeOf(item).toEqualTypeOf<Item>();
    expectTypeOf(client.run.get.safe(script)).toEqualTypeOf<SafeResponseStream<Item, Tally, AnyRpcError>>();
    expectTypeOf(client.run.get.safe(script).result).resolves.toEqualTypeOf<Result<Tally, AnyRpcError>>();
    // @ts-expect-error it is a stream, not a promise
    client.run.get(script).then;
  });

  test("that is client-streaming takes items from any iterable", () => {
    expectTypeOf(client.run.store).parameter(1).toEqualTypeOf<RequestItems<Item>>();
    expectTypeOf(client.run.store(script, [{ text: "one" }])).toEqualTypeOf<Promise<Tally>>();
    expectTypeOf<AsyncGenerator<Item>>().toExtend<Parameters<typeof client.run.store>[1]>();
    expectTypeOf<ReadableStream<Item>>().toExtend<Parameters<typeof client.run.store>[1]>();
    // @ts-expect-error the items are missing
    client.run.store(script);
    // @ts-expect-error an item has a text
    client.run.store(script, [{ number: 1 }]);
  });

  test("that is bidirectional takes items and returns a stream of others", () => {
    const stream = client.run.update(script, [], { timeout: 5 });
    expectTypeOf(stream).toEqualTypeOf<ResponseStream<Item, Tally>>();
    expectTypeOf(stream.cancel).returns.toBeVoid();
    expectTypeOf(stream).toExtend<AsyncDisposable>();
    // @ts-expect-error options come behind the items
    client.run.update(script, { timeout: 5 });
  });

  test("with Bytes has Uint8Array in both directions", async () => {
    for await (const chunk of client.bytes.get(script)) expectTypeOf(chunk).toEqualTypeOf<Uint8Array>();
    expectTypeOf(client.bytes.store).parameter(1).toEqualTypeOf<RequestItems<Uint8Array>>();
    expectTypeOf(client.bytes.store).toBeCallableWith(script, [Buffer.from("x")]);
    // @ts-expect-error a text is not bytes
    client.bytes.store(script, ["text"]);
    // @ts-expect-error nor is an object
    client.bytes.update(script, [{ text: "x" }]);
  });
});

describe("a handler", () => {
  test("of a stream of items yields them, and returns the response", () => {
    expectTypeOf<ReturnType<Handlers["run"]["get"]>>().toEqualTypeOf<ResponseItems<Item, Tally>>();
    const get: Handlers["run"]["get"] = async function* () {
      yield { text: "one" };
      return { received: 0, bytes: 0 };
    };
    // @ts-expect-error it has to return the response
    const without: Handlers["run"]["get"] = async function* () {
      yield { text: "one" };
    };
    // @ts-expect-error an item has a text
    const wrong: Handlers["run"]["get"] = async function* () {
      yield { number: 1 };
      return { received: 0, bytes: 0 };
    };
    expectTypeOf([get, without, wrong]).toBeArray();
  });

  test("of a request stream gets the items before the context", () => {
    expectTypeOf<Parameters<Handlers["run"]["store"]>[1]>().toEqualTypeOf<AsyncIterable<Item, undefined>>();
    expectTypeOf<Parameters<Handlers["run"]["update"]>[1]>().toEqualTypeOf<AsyncIterable<Item, undefined>>();
    expectTypeOf<Parameters<Handlers["bytes"]["store"]>[1]>().toEqualTypeOf<AsyncIterable<Uint8Array, undefined>>();
    expectTypeOf<ReturnType<Handlers["run"]["store"]>>().toEqualTypeOf<Tally | Promise<Tally>>();
    expectTypeOf<ReturnType<Handlers["bytes"]["update"]>>().toEqualTypeOf<ResponseItems<Uint8Array, Tally>>();
  });
});
