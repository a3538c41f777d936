import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Context, type Ledger, type LedgerEntry, type LedgerOutcome, RpcError } from "sshrpc/server";
import { describe, expect, test } from "vitest";
import { FRAME } from "../../../../support/raw-peer.js";
import { tempDir } from "../../ssh/support.js";
import { until } from "../../support/wait.js";
import { describeLedgers } from "./ledgers.js";
import { Counter, type Orders, serveOrders } from "./orders.js";

const AGAIN = { key: "order-1", method: "STORE /again" };

/** A server whose handler waits with the signal the first time, and ends at once the next. */
function waiting(options: Parameters<typeof serveOrders>[1] = {}, wait = waitForAbort) {
  let runs = 0;
  const orders = serveOrders(async (_, ctx) => {
    runs += 1;
    if (runs === 1) await wait(ctx);
    return { order: runs };
  }, options);
  return { ...orders, runs: () => runs };
}

const waitForAbort = async ({ signal }: Context): Promise<void> => void (await sleep(60_000, undefined, { signal }));

const errors = ({ log }: Orders): unknown[] => log.lines.filter(({ level }) => level === "error");

describeLedgers("a call with a key whose handler is aborted before its end", (open) => {
  test.each([
    ["by its caller", undefined, 499],
    ["by its deadline", 500, 504],
  ] as const)("%s is interrupted for its repeats: its effect may have been done", async (_, timeout, code) => {
    const server = waiting(await open());
    const caller = await server.connect();
    const id = caller.send({ key: "order-1", ...(timeout !== undefined && { timeout }) });
    await until("the handler", () => server.runs() === 1);
    if (timeout === undefined) caller.raw.send({ kind: FRAME.CANCEL, id });
    expect(await caller.answer()).toMatchObject({ code });
    for (let round = 0; round < 2; round++) expect(await caller.call({ key: "order-1" })).toMatchObject({ code: 520 });
    expect(server.runs()).toBe(1);
    expect(errors(server)).toEqual([]);
  });

  test("is interrupted also where it fails with an error of its own", async () => {
    const { connect, runs } = waiting(await open(), async (ctx) => {
      await waitForAbort(ctx).catch(() => undefined);
      throw new Error("query cancelled");
    });
    const caller = await connect();
    expect(await caller.call({ key: "order-1", timeout: 500 })).toMatchObject({ code: 504 });
    expect(await caller.call({ key: "order-1" })).toMatchObject({ code: 520 });
    expect(runs()).toBe(1);
  });

  test("keeps an error that the handler has chosen", async () => {
    const { connect, runs } = waiting(await open(), async (ctx) => {
      await waitForAbort(ctx).catch(() => undefined);
      ctx.fail("CONFLICT", undefined, "sold");
    });
    const caller = await connect();
    expect(await caller.call({ key: "order-1", timeout: 500 })).toMatchObject({ code: 504 });
    expect(await caller.call({ key: "order-1" })).toMatchObject({ code: 409, body: { message: "sold" } });
    expect(runs()).toBe(1);
  });

  test("is run again where the schema says so", async () => {
    const { connect, runs } = waiting(await open());
    const caller = await connect();
    expect(await caller.call({ ...AGAIN, timeout: 500 })).toMatchObject({ code: 504 });
    for (let round = 0; round < 2; round++)
      expect(await caller.call(AGAIN)).toMatchObject({ code: 200, body: { order: 2 } });
    expect(runs()).toBe(2);
  });

  test.each([
    ["STORE /orders", { code: 520 }, 1],
    ["STORE /again", { code: 200, body: { order: 2 } }, 2],
  ] as const)("of %s does not end a repeat that waits as its own caller", async (method, answer, runs) => {
    const server = waiting(await open());
    const [first, second] = [await server.connect(), await server.connect()];
    const id = first.send({ key: "order-1", method });
    second.send({ key: "order-1", method });
    await until("both", () => server.server.calls === 2 && server.runs() === 1);
    first.raw.send({ kind: FRAME.CANCEL, id });
    expect(await second.answer()).toMatchObject(answer);
    expect(server.runs()).toBe(runs);
    await until("the end of both", () => server.server.calls === 0);
  });

  test("because a part of its request stream is missing is interrupted", async () => {
    let runs = 0;
    const { connect, server } = serveOrders(
      (async (_request: unknown, items: AsyncIterable<Buffer>) => {
        runs += 1;
        for await (const _ of items);
      }) as never,
      await open(),
    );
    const upload = { key: "upload-1", method: "STORE /upload", hasStream: true };
    const first = await connect();
    first.send(upload);
    await until("the handler", () => runs === 1);
    first.lose();
    await until("its end", () => server.calls === 0);
    expect(await (await connect()).call(upload)).toMatchObject({ code: 520 });
    expect(runs).toBe(1);
  });
});

describe("a call with a key whose handler is aborted", () => {
  test("because its server closes is interrupted for the next server with the same file", async () => {
    const ledger = { file: join(tempDir(), "ledger") };
    const first = waiting({ ledger });
    const caller = await first.connect();
    caller.send({ key: "order-1" });
    await until("the handler", () => first.runs() === 1);
    await first.server.close();
    expect(errors(first)).toEqual([]);
    const counter = new Counter();
    const second = serveOrders(counter.handler, { ledger });
    expect(await (await second.connect()).call({ key: "order-1" })).toMatchObject({ code: 520 });
    expect(counter.runs).toBe(0);
  });
});

describe("a repeat that waits for a call which does not reach its handler", () => {
  test("is run, where an interceptor refuses the other", async () => {
    const counter = new Counter();
    const { connect, server } = serveOrders(counter.handler, {
      interceptors: [
        async (call, next) => {
          if (!call.ctx.metadata.has("slow")) return next(call);
          await until("the repeat", () => server.calls === 2);
          throw new RpcError("FORBIDDEN", "not you");
        },
      ],
    });
    const [first, second] = [await connect(), await connect()];
    first.send({ key: "order-1", metadata: [["slow", "1"]] });
    second.send({ key: "order-1" });
    expect(await first.answer()).toMatchObject({ code: 403 });
    expect(await second.answer()).toMatchObject({ code: 200, body: { order: 1 } });
    expect(counter.runs).toBe(1);
  });

  test("is run with its own items, where the connection of the other is lost", async () => {
    const { ledger, open } = slowLedger();
    const { connect, server } = serveOrders(
      (async (_request: unknown, items: AsyncIterable<Buffer>) => {
        const chunks: string[] = [];
        for await (const chunk of items) chunks.push(`${chunk}`);
        return chunks;
      }) as never,
      { ledger },
    );
    const upload = { key: "upload-1", method: "STORE /upload", hasStream: true };
    const [first, second] = [await connect(), await connect()];
    first.send(upload);
    await until("the first", () => server.calls === 1);
    const id = second.send(upload);
    second.raw.send({ kind: FRAME.ITEM, id, body: Buffer.from("data") });
    second.raw.send({ kind: FRAME.END, id });
    await until("both", () => server.calls === 2);
    first.lose();
    await until("the end of the first", () => server.calls === 1);
    open();
    expect(await second.answer()).toMatchObject({ code: 200, body: ["data"] });
  });
});

describe("a call whose ledger does not answer", () => {
  test("ends at its deadline, and its handler is not called later", async () => {
    const { ledger, open, released } = slowLedger();
    const counter = new Counter();
    const { connect, server } = serveOrders(counter.handler, { ledger });
    const caller = await connect();
    expect(await caller.call({ key: "order-1", timeout: 500 })).toMatchObject({ code: 504 });
    await until("its end", () => server.calls === 0);
    open();
    await until("the release", () => released() === 1);
    expect(counter.runs).toBe(0);
    expect(await caller.call({ key: "order-1" })).toMatchObject({ code: 200 });
  });
});

/** A ledger of one key, whose first answer waits for `open`. */
function slowLedger() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let running: Promise<LedgerOutcome | undefined> | undefined;
  let released = 0;
  const ledger: Ledger = {
    id: "slow",
    keeps: 60_000,
    async begin(): Promise<LedgerEntry> {
      if (running !== undefined) return { state: "running", outcome: running };
      let end: (outcome: LedgerOutcome | undefined) => void = () => undefined;
      running = new Promise((resolve) => {
        end = resolve;
      });
      await opened;
      return {
        state: "new",
        record: (ended) => end(ended === "interrupted" ? undefined : ended),
        release() {
          released += 1;
          running = undefined;
          end(undefined);
        },
      };
    },
    forget: () => undefined,
  };
  return { ledger, open, released: () => released };
}
