import type { Method } from "sshrpc/generated";
import { type CallOutcome, observeCall, RpcError, type ServerInterceptor } from "sshrpc/server";
import { afterEach, describe, expect, test } from "vitest";
import { FRAME } from "../../../../support/raw-peer.js";
import { type AnyHandler, any, type RawServed, serveRaw } from "../../support/server.js";
import { until, within } from "../../support/wait.js";

const DOWN: Partial<Method> = { kind: "server-streaming", responseItem: any };

let served: RawServed | undefined;

afterEach(async () => {
  served?.peer.duplex.destroy();
  await within("the server's end", served?.server.close() ?? Promise.resolve());
});

async function observe(method: Partial<Method>, handler: () => unknown) {
  const outcomes: CallOutcome[] = [];
  const interceptor: ServerInterceptor = (call, next) => observeCall(call, next, (outcome) => outcomes.push(outcome));
  served = await serveRaw(handler as AnyHandler, { interceptors: [interceptor], method });
  served.peer.hello(["GET /it"]);
  return { ...served, outcomes };
}

describe("observeCall reports the end of a call once", () => {
  test("when it has its response", async () => {
    const { peer, outcomes } = await observe({}, async () => 1);
    peer.open(1, "{}");
    await peer.status();
    expect(outcomes).toEqual([{ items: 0 }]);
  });

  test.each([
    [
      "an async generator",
      async function* () {
        yield* [1, 2];
      },
    ],
    ["an array", () => [1, 2]],
  ])("when the last item of %s is taken", async (_, handler) => {
    const { peer, outcomes } = await observe(DOWN, handler);
    peer.open(1, "{}", { credit: 100 });
    await peer.next(FRAME.STATUS);
    expect(outcomes).toEqual([{ items: 2 }]);
  });

  test("when it fails before or between items", async () => {
    const error = new RpcError("NOT_FOUND");
    const { peer, outcomes } = await observe(DOWN, () => {
      throw error;
    });
    peer.open(1, "{}", { credit: 100 });
    expect(await peer.status()).toMatchObject({ code: 404 });
    expect(outcomes).toEqual([{ error, items: 0 }]);
    await served?.server.close();
    const later = await observe(DOWN, function* () {
      yield 1;
      throw error;
    });
    later.peer.open(1, "{}", { credit: 100 });
    expect(await later.peer.status()).toMatchObject({ code: 404 });
    expect(later.outcomes).toEqual([{ error, items: 1 }]);
  });

  test("when its caller cancels while the handler waits to send", async () => {
    const { peer, outcomes } = await observe(DOWN, function* () {
      for (;;) yield 1;
    });
    peer.open(1, "{}", { credit: 1 });
    await peer.next(FRAME.ITEM);
    peer.send({ kind: FRAME.CANCEL, id: 1 });
    await until("the end", () => outcomes.length === 1);
    expect(outcomes).toEqual([{ items: 1 }]);
  });

  test("when its caller cancels before the first item, even in the same packet", async () => {
    for (const credit of [0, 100]) {
      const { peer, server, outcomes } = await observe(DOWN, async function* () {
        yield 1;
      });
      peer.send({ kind: FRAME.OPEN, id: 1, method: 0, credit }, { kind: FRAME.CANCEL, id: 1 });
      await until("the end", () => outcomes.length === 1);
      await until("the handler's end", () => server.calls === 0);
      await server.close();
      expect(outcomes).toEqual([{ items: 0 }]);
    }
  });

  test("when the connection is lost", async () => {
    const { peer, outcomes } = await observe(DOWN, function* () {
      for (;;) yield 1;
    });
    peer.open(1, "{}", { credit: 1 });
    await peer.next(FRAME.ITEM);
    peer.duplex.destroy();
    await until("the end", () => outcomes.length === 1);
  });

  test("when the handler does not return a stream", async () => {
    const { peer, outcomes } = await observe(DOWN, () => 7);
    peer.open(1, "{}", { credit: 1 });
    expect(await peer.status()).toMatchObject({ code: 500 });
    expect(outcomes).toEqual([{ items: 0 }]);
  });
});
