import type { Ledger } from "sshrpc/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { until, within } from "../../support/wait.js";
import { Counter, METHODS, serveOrders } from "./orders.js";

describe("an idempotency key", () => {
  test.each([
    ["an empty one", ""],
    ["a long one", "k".repeat(256)],
    ["one with a line break", "a\nb"],
    ["one that is not ASCII", "schlüssel"],
  ])("is refused where it is %s", async (_, key) => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler);
    const answer = await (await connect()).call({ key });
    expect(answer).toMatchObject({ code: 400, body: { message: expect.stringContaining("1 to 255 printable ASCII") } });
    expect(counter.runs).toBe(0);
  });

  test("of a megabyte is over the limit of metadata, and without that limit refused by its own", async () => {
    const counter = new Counter();
    const key = "k".repeat(1024 * 1024);
    const { connect } = serveOrders(counter.handler);
    expect(await (await connect()).call({ key })).toMatchObject({
      code: 413,
      body: { message: expect.stringContaining("limits.metadata") },
    });
    const wide = serveOrders(counter.handler, { limits: { metadata: 2 * 1024 * 1024 } });
    const answer = await (await wide.connect()).call({ key });
    expect(answer).toMatchObject({ code: 400, body: { message: expect.stringContaining("1048576 characters") } });
    expect(counter.runs).toBe(0);
  });

  test("may not be given twice", async () => {
    const { connect } = serveOrders(new Counter().handler);
    const caller = await connect();
    const answer = await caller.call({ key: "a", metadata: [["idempotency-key", "b"]] });
    expect(answer).toMatchObject({ code: 400, body: { message: expect.stringContaining("2 keys") } });
  });

  test("is of its caller and method alone", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler);
    const [alice, bob] = [await connect({ fingerprint: "SHA256:a" }), await connect({ fingerprint: "SHA256:b" })];
    expect(await alice.call({ key: "order-1" })).toMatchObject({ body: { order: 1 } });
    expect(await bob.call({ key: "order-1" })).toMatchObject({ body: { order: 2 } });
    expect(await alice.call({ key: "order-1", method: "STORE /again" })).toMatchObject({ body: { order: 3 } });
    expect(await alice.call({ key: "order-1", method: "STORE /again" })).toMatchObject({ body: { order: 3 } });
    expect(await alice.call({ key: "order-1" })).toMatchObject({ body: { order: 1 } });
  });

  test("belongs to the key id of a certificate, which each login may have anew", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler);
    const certificate = { authority: "SHA256:ca", keyId: "alice@laptop", principals: ["alice"], serial: "1" } as const;
    const first = await connect({ fingerprint: "SHA256:a", certificate: certificate as never });
    const renewed = await connect({ fingerprint: "SHA256:b", certificate: { ...certificate, serial: "2" } as never });
    expect(await first.call({ key: "order-1" })).toMatchObject({ body: { order: 1 } });
    expect(await renewed.call({ key: "order-1" })).toMatchObject({ body: { order: 1 } });
    expect(counter.runs).toBe(1);
  });

  test("has no effect on an idempotent method", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler);
    const caller = await connect();
    for (const order of [1, 2])
      expect(await caller.call({ key: "a", method: "UPDATE /orders" })).toMatchObject({ body: { order } });
    expect(counter.keys).toEqual([undefined, undefined]);
  });

  test("is refused by a method with a response stream, and by a server without a ledger", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler);
    expect(await (await connect()).call({ key: "a", method: "STORE /feed" })).toMatchObject({ code: 400 });
    const none = await serveOrders(counter.handler, { ledger: false }).connect();
    expect(await none.call({ key: "a" })).toMatchObject({
      code: 501,
      body: { message: expect.stringContaining("no ledger") },
    });
    expect(await none.hello()).not.toHaveProperty("ledger");
    expect(counter.runs).toBe(0);
  });

  test("is checked with the scopes that its caller has at each try", async () => {
    const counter = new Counter();
    const scoped = METHODS.map((one) => ({ ...one, scope: "orders:write" }));
    const { connect } = serveOrders(counter.handler, {}, scoped);
    const before = await connect({ fingerprint: "SHA256:a", scopes: ["orders:write"] });
    const after = await connect({ fingerprint: "SHA256:a", scopes: [] });
    expect(await before.call({ key: "order-1" })).toMatchObject({ code: 200 });
    expect(await after.call({ key: "order-1" })).toMatchObject({ code: 403 });
  });
});

describe("the outcomes of a ledger", () => {
  test("leave it after their time, and a later call with the key runs", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler, { ledger: { keeps: 50 } });
    const caller = await connect();
    expect(await caller.call({ key: "order-1" })).toMatchObject({ body: { order: 1 } });
    let answer = await caller.call({ key: "order-1" });
    await vi.waitFor(async () => {
      answer = await caller.call({ key: "order-1" });
      expect(answer).toMatchObject({ body: { order: 2 } });
    });
  });

  test("stay where the system clock jumps", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler);
    const caller = await connect();
    await caller.call({ key: "order-1", timeout: 4_000_000 });
    for (const hours of [1, -5, 30]) {
      vi.setSystemTime(Date.now() + hours * 3_600_000);
      expect(await caller.call({ key: "order-1" })).toMatchObject({ body: { order: 1 } });
    }
    expect(counter.runs).toBe(1);
  });

  test("are never removed for newer ones: a new call is refused, and may be sent again", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler, { ledger: { maxKeyEntries: 2 } });
    const caller = await connect({ fingerprint: "SHA256:a" });
    await caller.call({ key: "1" });
    await caller.call({ key: "2" });
    expect(await caller.call({ key: "3" })).toMatchObject({
      code: 429,
      refused: true,
      body: { message: expect.stringContaining("ledger.maxKeyEntries"), details: { retryAfter: 1000 } },
    });
    expect(await caller.call({ key: "1" })).toMatchObject({ code: 200, body: { order: 1 } });
    expect(await caller.call({})).toMatchObject({ code: 200 });
    const other = await connect({ fingerprint: "SHA256:b" });
    expect(await other.call({ key: "3" })).toMatchObject({ code: 200 });
  });

  test("of one key that fills the ledger leave room for others", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler, { ledger: { maxEntries: 8 } });
    const greedy = await connect({ fingerprint: "SHA256:a" });
    for (let key = 1; key <= 8; key++) await greedy.call({ key: `${key}` });
    expect(await greedy.call({ key: "9" })).toMatchObject({ code: 429 });
    const other = await connect({ fingerprint: "SHA256:b" });
    expect(await other.call({ key: "1" })).toMatchObject({ code: 200 });
  });

  test("count by their bytes", async () => {
    const { connect } = serveOrders(async () => "x".repeat(10_000), { ledger: { maxKeyBytes: 30_000 } });
    const caller = await connect();
    expect(await caller.call({ key: "1" })).toMatchObject({ code: 200 });
    expect(await caller.call({ key: "2" })).toMatchObject({ code: 200 });
    expect(await caller.call({ key: "3" })).toMatchObject({
      code: 429,
      body: { message: expect.stringContaining("ledger.maxKeyBytes") },
    });
  });

  test("leave it at once where their caller says that it has them", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler, { ledger: { maxKeyEntries: 2 } });
    const caller = await connect();
    const [client, other] = ["a".repeat(22), "b".repeat(22)];
    await caller.call({ key: `${client}.1` });
    await caller.call({ key: `${other}.1` });
    const third = { key: `${client}.2`, metadata: [["idempotency-done", "1,7"]] } as const;
    expect(await caller.call(third)).toMatchObject({ code: 200, body: { order: 3 } });
    expect(await caller.call({ key: `${other}.1` })).toMatchObject({ code: 200, body: { order: 2 } });
  });

  test("are not removed by a list of numbers that is invalid", async () => {
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler);
    const caller = await connect();
    const [key, many] = [`${"a".repeat(22)}.5`, Array.from({ length: 65 }, (_, index) => index).join()];
    for (const done of ["x", "", "1,,2", many])
      expect(await caller.call({ key, metadata: [["idempotency-done", done]] })).toMatchObject({ code: 400 });
    expect(await caller.call({ key: "given", metadata: [["idempotency-done", "1"]] })).toMatchObject({ code: 400 });
    expect(counter.runs).toBe(0);
  });

  test("are not made by what refuses a call before its handler", async () => {
    const counter = new Counter();
    let refuses = true;
    const { connect } = serveOrders(counter.handler, {
      interceptors: [
        async (call, next) => {
          if (refuses) call.ctx.fail("RESOURCE_EXHAUSTED", undefined, "too many");
          return next(call);
        },
      ],
    });
    const caller = await connect();
    expect(await caller.call({ key: "order-1" })).toMatchObject({ code: 429 });
    refuses = false;
    expect(await caller.call({ key: "order-1" })).toMatchObject({ code: 200, body: { order: 1 } });
  });
});

describe("a call without its connection", () => {
  test("ends at its deadline, and its outcome is what the handler ends with", async () => {
    const counter = new Counter({ waits: true });
    const { connect, server } = serveOrders(counter.handler);
    const first = await connect();
    first.send({ key: "order-1", timeout: 100 });
    await until("the handler", () => counter.runs === 1);
    first.lose();
    await until("the deadline", () => counter.contexts[0]?.signal.aborted);
    expect(counter.contexts[0]?.signal.reason).toMatchObject({ status: "DEADLINE_EXCEEDED" });
    const second = await connect();
    second.send({ key: "order-1" });
    await until("the repeat", () => server.calls === 2);
    counter.open();
    expect(await second.answer()).toMatchObject({ code: 200, body: { order: 1 } });
  });

  test("counts as a call of its key until it ends", async () => {
    const counter = new Counter({ waits: true });
    const { connect, server } = serveOrders(counter.handler, { perKey: { calls: 1 } });
    const first = await connect();
    first.send({ key: "order-1" });
    await until("the handler", () => counter.runs === 1);
    first.lose();
    const second = await connect();
    expect(await second.call({ key: "order-2" })).toMatchObject({ code: 429, refused: true });
    counter.open();
    await until("its end", () => server.calls === 0);
    expect(await second.call({ key: "order-1" })).toMatchObject({ code: 200, body: { order: 1 } });
  });

  test("is waited for by a server that closes with a grace, and aborted after it", async () => {
    const counter = new Counter({ waits: true });
    const { connect, server } = serveOrders(counter.handler);
    const caller = await connect();
    caller.send({ key: "order-1" });
    await until("the handler", () => counter.runs === 1);
    caller.lose();
    const closed = server.close({ grace: 50 });
    await until("the abort", () => counter.contexts[0]?.signal.aborted);
    expect(counter.contexts[0]?.signal.reason).toMatchObject({ status: "UNAVAILABLE" });
    counter.open();
    await closed;
  });

  test("is waited for by each of two closes, and by none of them longer", async () => {
    const counter = new Counter({ waits: true });
    const { connect, server } = serveOrders(counter.handler);
    const caller = await connect();
    caller.send({ key: "order-1" });
    await until("the handler", () => counter.runs === 1);
    caller.lose();
    await until("the end of the connection", () => server.clients.length === 0);
    const closed = Promise.all([server.close({ grace: 3_600_000 }), server.close({ grace: 3_600_000 })]);
    counter.open();
    await within("both closes", closed);
  });

  test("has a request stream that ends with an error where a part of it is missing", async () => {
    const errors: unknown[] = [];
    const { connect, server } = serveOrders((async (_request: unknown, items: AsyncIterable<Buffer>) => {
      const chunks: string[] = [];
      try {
        for await (const chunk of items) chunks.push(`${chunk}`);
      } catch (error) {
        errors.push(error);
        throw error;
      }
      return chunks;
    }) as never);
    const caller = await connect();
    caller.send({ key: "upload-1", method: "STORE /upload", hasStream: true });
    await until("the handler", () => server.calls === 1);
    caller.lose();
    await until("its end", () => server.calls === 0);
    expect(errors).toMatchObject([{ status: "UNAVAILABLE" }]);
  });
});

describe("the option ledger", () => {
  test.each([
    [{ keeps: 0 }, "option ledger.keeps"],
    [{ maxEntries: 1.5 }, "option ledger.maxEntries"],
    [{ keep: 5 }, 'unknown option "ledger.keep" (did you mean "ledger.keeps"?)'],
    [{ file: 5 }, "option ledger.file"],
    [true, "option ledger: invalid type boolean; it takes false, an instance of a class or an object"],
  ])("refuses %j", (ledger, message) => {
    expect(() => serveOrders(new Counter().handler, { ledger: ledger as never })).toThrow(message);
  });

  test("takes a ledger of the program's own, whose answers may come later", async () => {
    const outcomes = new Map<string, unknown>();
    const seen: unknown[] = [];
    const ledger: Ledger = {
      id: "shared",
      keeps: 1000,
      async begin(call) {
        seen.push(call);
        await new Promise((resolve) => setImmediate(resolve));
        const outcome = outcomes.get(call.key);
        if (outcome !== undefined) return { state: "recorded", outcome: outcome as never };
        if (call.key === "lost") return { state: "interrupted" };
        return { state: "new", record: (value) => void outcomes.set(call.key, value), release: () => undefined };
      },
      forget: (identity, keys) => void seen.push([identity, keys]),
    };
    const counter = new Counter();
    const { connect } = serveOrders(counter.handler, { ledger });
    const caller = await connect({ fingerprint: "SHA256:a" });
    for (let round = 0; round < 2; round++)
      expect(await caller.call({ key: "order-1" })).toMatchObject({ code: 200, body: { order: 1 } });
    expect(await caller.call({ key: "lost" })).toMatchObject({
      code: 520,
      body: { message: expect.stringContaining("may have had its effect") },
    });
    expect(seen[0]).toMatchObject({ identity: "key SHA256:a", method: "STORE /orders", key: "order-1", rerun: false });
    expect(counter.runs).toBe(1);
    expect(await caller.hello()).toMatchObject({ ledger: { id: "shared", keeps: 1000 } });
  });
});
