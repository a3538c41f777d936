import { expect, test } from "vitest";
import { FRAME } from "../../../../support/raw-peer.js";
import { until } from "../../support/wait.js";
import { describeLedgers } from "./ledgers.js";
import { Counter, serveOrders } from "./orders.js";

describeLedgers("a call with an idempotency key", (ledger) => {
  test("is handled once, and its repeats get the same outcome, also on another connection", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(
      async (request, ctx) => {
        ctx.setTrailer("receipt", "7");
        return counter.handler(request, ctx);
      },
      await ledger(),
    );
    const [first, second] = [await connect(), await connect()];
    const answer = await first.call({ key: "order-1" });
    expect(answer).toEqual({ code: 200, body: { order: 1 }, refused: false, trailers: [["receipt", "7"]] });
    expect(await first.call({ key: "order-1" })).toEqual(answer);
    expect(await second.call({ key: "order-1" })).toEqual(answer);
    expect(counter.runs).toBe(1);
    expect(counter.keys).toEqual(["order-1"]);
  });

  test("that runs is joined by its repeat", async () => {
    const counter = new Counter({ waits: true });
    const { connect, server } = serveOrders(counter.handler, await ledger());
    const [first, second] = [await connect(), await connect()];
    first.send({ key: "order-1" });
    second.send({ key: "order-1" });
    await until("both calls", () => server.calls === 2 && counter.runs === 1);
    counter.open();
    expect(await first.answer()).toMatchObject({ code: 200, body: { order: 1 } });
    expect(await second.answer()).toMatchObject({ code: 200, body: { order: 1 } });
    expect(counter.runs).toBe(1);
    await until("the end of both", () => server.calls === 0);
  });

  test("goes on when its connection is lost, and the repeat gets its outcome", async () => {
    const counter = new Counter({ waits: true });
    const { connect, server } = serveOrders(counter.handler, await ledger());
    const first = await connect();
    first.send({ key: "order-1" });
    await until("the handler", () => counter.runs === 1);
    first.lose();
    const second = await connect();
    second.send({ key: "order-1" });
    await until("the repeat", () => server.calls === 2);
    expect(counter.contexts[0]?.signal.aborted).toBe(false);
    counter.open();
    expect(await second.answer()).toMatchObject({ code: 200, body: { order: 1 } });
    expect(counter.runs).toBe(1);
    await until("the end of both", () => server.calls === 0);
  });

  test("is announced in the HELLO of the server", async () => {
    const { connect } = serveOrders(new Counter().handler);
    const [first, second] = [await connect(), await connect()];
    const hello = await first.hello();
    expect(hello).toMatchObject({ ledger: { id: expect.stringMatching(/^[\w-]{22}$/), keeps: 600_000 } });
    expect(await second.hello()).toEqual(hello);
  });

  test("of another request is refused", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler, await ledger());
    const caller = await connect();
    await caller.call({ key: "order-1", request: { item: "cup", count: 1 } });
    expect(await caller.call({ key: "order-1", request: { count: 1, item: "cup" } })).toMatchObject({ code: 200 });
    expect(await caller.call({ key: "order-1", request: { item: "cup", count: 2 } })).toMatchObject({
      code: 400,
      body: { message: expect.stringContaining("belongs to another request"), details: { issues: [] } },
    });
    expect(counter.runs).toBe(1);
  });

  test("whose caller cancels is aborted, and what its handler ends with that goes on is kept", async () => {
    const counter = new Counter({ waits: true });
    const { connect } = serveOrders(counter.handler, await ledger());
    const caller = await connect();
    const id = caller.send({ key: "order-1" });
    await until("the handler", () => counter.runs === 1);
    caller.raw.send({ kind: FRAME.CANCEL, id });
    expect(await caller.answer()).toMatchObject({ code: 499 });
    expect(counter.contexts[0]?.signal.aborted).toBe(true);
    caller.send({ key: "order-1" });
    counter.open();
    expect(await caller.answer()).toMatchObject({ code: 200, body: { order: 1 } });
    expect(counter.runs).toBe(1);
  });
});
