import type { Context } from "sshrpc/server";
import { describe, expect, test } from "vitest";
import { failure, until, within } from "../../support/wait.js";
import { connectTo, serve } from "./numbers.js";

/** A handler of orders that waits until it is let, and counts its runs. */
function orders() {
  const keys: (string | undefined)[] = [];
  const waiting: (() => void)[] = [];
  let isOpen = false;
  const handler = async (_request: unknown, ctx: Context) => {
    keys.push(ctx.idempotencyKey);
    const run = keys.length;
    if (!isOpen) await new Promise<void>((resolve) => waiting.push(resolve));
    return { run };
  };
  const open = (): void => {
    isOpen = true;
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { keys, handler, open };
}

describe("a call that is not idempotent", () => {
  test("is sent again after a lost connection, and its handler runs once", async () => {
    const { keys, handler, open } = orders();
    const { client, line } = await connectTo(serve({ "STORE /orders": handler }));
    const order = client.orders.store({ item: "cup" });
    await until("the handler", () => keys.length === 1);
    line.cut();
    await until("the next connection", () => line.opened === 2);
    open();
    expect(await within("the order", order)).toEqual({ run: 1 });
    expect(keys).toEqual([expect.stringMatching(/^[\w-]{22}\.1$/)]);
  });

  test("has a key of its own for each call, of one client", async () => {
    const { keys, handler, open } = orders();
    open();
    const { client } = await connectTo(serve({ "STORE /orders": handler }));
    await client.orders.store({});
    await client.orders.store({});
    const [first = "", second = ""] = keys;
    expect(first.slice(0, 22)).toBe(second.slice(0, 22));
    expect([first.slice(22), second.slice(22)]).toEqual([".1", ".2"]);
  });

  test("has no key where the server has no ledger, and ends with its connection", async () => {
    const { keys, handler } = orders();
    const { client, line } = await connectTo(serve({ "STORE /orders": handler }, { ledger: false }));
    const order = failure(client.orders.store({}));
    await until("the handler", () => keys.length === 1);
    line.cut();
    expect(await order).toMatchObject({ status: "UNAVAILABLE", message: "the connection was lost" });
    expect(keys).toEqual([undefined]);
  });

  test("is not sent to a server with another ledger after it may have run", async () => {
    const [first, second] = [orders(), orders()];
    const { client, line } = await connectTo(serve({ "STORE /orders": first.handler }));
    line.target = serve({ "STORE /orders": second.handler });
    const order = failure(client.orders.store({}));
    await until("the handler", () => first.keys.length === 1);
    line.cut();
    expect(await order).toMatchObject({ status: "UNAVAILABLE", message: "the connection was lost" });
    expect(second.keys).toEqual([]);
  });

  test("is sent to a server with another ledger where the first one did not start it", async () => {
    const [first, second] = [orders(), orders()];
    second.open();
    const busy = serve({ "STORE /orders": first.handler }, { limits: { calls: 1 } });
    const { client, line } = await connectTo(busy);
    const running = client.orders.store({});
    const waiting = client.orders.store({});
    await until("the first call", () => first.keys.length === 1);
    line.target = serve({ "STORE /orders": second.handler });
    line.cut();
    expect(await failure(running)).toMatchObject({ status: "UNAVAILABLE" });
    expect(await within("the second call", waiting)).toEqual({ run: 1 });
  });

  test("is not sent again after the time for which the ledger keeps outcomes", async () => {
    const { keys, handler } = orders();
    const { client, line } = await connectTo(serve({ "STORE /orders": handler }, { ledger: { keeps: 1 } }));
    const order = failure(client.orders.store({}));
    await until("the handler", () => keys.length === 1);
    const begun = performance.now();
    await until("the time of the ledger", () => performance.now() > begun + 2);
    line.cut();
    expect(await order).toMatchObject({ status: "UNAVAILABLE" });
    expect(keys).toHaveLength(1);
  });

  test("is not sent again where its handler has ended with UNAVAILABLE", async () => {
    let runs = 0;
    const down = (_request: unknown, ctx: Context) => {
      runs += 1;
      return ctx.fail("UNAVAILABLE", undefined, "the shop is closed");
    };
    const { client } = await connectTo(serve({ "STORE /orders": down }));
    expect(await failure(client.orders.store({}))).toMatchObject({ message: "the shop is closed" });
    expect(runs).toBe(1);
  });

  test("tells the ledger which of its keys are settled, so that their outcomes are not kept", async () => {
    const { handler, open } = orders();
    open();
    const server = serve({ "STORE /orders": handler }, { ledger: { maxEntries: 2 } });
    const { client } = await connectTo(server);
    for (let count = 0; count < 10; count++) await client.orders.store({});
    const { client: other } = await connectTo(server);
    await other.orders.store({});
    expect(await failure(other.orders.store({}, { idempotencyKey: "a" }))).toMatchObject({
      status: "RESOURCE_EXHAUSTED",
    });
  });
});

describe("the option idempotencyKey", () => {
  test("names the call: the same key has the same outcome, from any client", async () => {
    const { keys, handler, open } = orders();
    open();
    const server = serve({ "STORE /orders": handler });
    const [one, two] = [await connectTo(server), await connectTo(server)];
    expect(await one.client.orders.store({}, { idempotencyKey: "order 7" })).toEqual({ run: 1 });
    expect(await two.client.orders.store({}, { idempotencyKey: "order 7" })).toEqual({ run: 1 });
    expect(keys).toEqual(["order 7"]);
  });

  test("fails where the server has no ledger, before the call is sent", async () => {
    const { keys, handler } = orders();
    const { client } = await connectTo(serve({ "STORE /orders": handler }, { ledger: false }));
    expect(await failure(client.orders.store({}, { idempotencyKey: "order 7" }))).toMatchObject({
      status: "UNIMPLEMENTED",
      message: expect.stringContaining("the server has no ledger of idempotency keys"),
    });
    expect(keys).toEqual([]);
  });

  test.each([
    ["empty", ""],
    ["of 256 characters", "x".repeat(256)],
    ["of a megabyte", "x".repeat(1_000_000)],
    ["outside of ASCII", "é"],
    ["with a line break", "a\n"],
    ["a number", 7],
  ])("must not be %s", async (_, key) => {
    const { client } = await connectTo(serve({}));
    expect(await failure(client.orders.store({}, { idempotencyKey: key as string }))).toMatchObject({
      status: "BAD_REQUEST",
      message: "option idempotencyKey: must be 1 to 255 printable ASCII characters",
    });
  });
});
