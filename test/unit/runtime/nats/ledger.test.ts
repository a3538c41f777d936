import { connectNats, type NatsLedgerOptions, natsLedger } from "sshrpc/nats";
import type { Ledger, RpcError } from "sshrpc/server";
import { expect, onTestFinished, test } from "vitest";
import { describeWithNats, startNats, type TestNats } from "../../../support/nats.js";
import { Counter, serveOrders } from "../server/ledger/orders.js";
import { TestLog } from "../ssh/support.js";
import { failure, until } from "../support/wait.js";

/** A ledger with a connection of its own, as another process has it. */
async function open(nats: TestNats, options: NatsLedgerOptions = {}) {
  const connection = await connectNats({ servers: nats.url });
  onTestFinished(() => connection.close());
  return { connection, ledger: await natsLedger(connection, options) };
}

/** A server with it. */
async function serving(nats: TestNats, counter: Counter, options: NatsLedgerOptions = {}) {
  const { connection, ledger } = await open(nats, options);
  const orders = serveOrders(counter.handler, { ledger });
  return { ...orders, connection, caller: await orders.connect({ fingerprint: "SHA256:a" }) };
}

const CALL = { identity: "key a", method: "STORE /orders", key: "1", digest: "d", rerun: false };
const OUTCOME = { status: "OK", code: 200, body: "1" } as const;

describeWithNats("two servers with one ledger on NATS", () => {
  test("run a call once: the other one has its outcome, and the same id and time", async () => {
    const nats = await startNats();
    const counter = new Counter();
    const [one, two] = [await serving(nats, counter), await serving(nats, counter)];
    expect(await one.caller.call({ key: "1" })).toMatchObject({ code: 200, body: { order: 1 } });
    expect(await two.caller.call({ key: "1" })).toMatchObject({ code: 200, body: { order: 1 } });
    expect(await two.caller.call({ key: "1", request: { item: "saucer" } })).toMatchObject({ code: 400 });
    expect(counter.runs).toBe(1);
    expect((await one.caller.hello())["ledger"]).toEqual((await two.caller.hello())["ledger"]);
  });

  test("run a call once that comes to both at the same time", async () => {
    const nats = await startNats();
    const counter = new Counter();
    const [one, two] = [await serving(nats, counter), await serving(nats, counter)];
    for (let round = 1; round <= 20; round++) {
      const both = await Promise.all([one, two].map(({ caller }) => caller.call({ key: `${round}` })));
      expect(both).toEqual([both[0], both[0]]);
      expect(both[0]).toMatchObject({ code: 200, body: { order: round } });
    }
    expect(counter.runs).toBe(20);
  });

  test("wait for the call of the other, also while the bus is away", async () => {
    const nats = await startNats();
    const counter = new Counter({ waits: true });
    const [one, two] = [await serving(nats, counter), await serving(nats, counter)];
    one.caller.send({ key: "1" });
    await until("the handler", () => counter.runs === 1);
    two.caller.send({ key: "1" });
    await until("the repeat", () => two.server.calls === 1);
    await nats.stop();
    counter.open();
    await nats.start();
    expect(await one.caller.answer()).toMatchObject({ code: 200, body: { order: 1 } });
    expect(await two.caller.answer()).toMatchObject({ code: 200, body: { order: 1 } });
    expect(counter.runs).toBe(1);
  });

  test("interrupt a call whose server is gone", async () => {
    const nats = await startNats();
    const counter = new Counter({ waits: true });
    const [one, two] = [await serving(nats, counter), await serving(nats, counter)];
    one.caller.send({ key: "1" });
    await until("the handler", () => counter.runs === 1);
    await one.connection.close();
    expect(await two.caller.call({ key: "1" })).toMatchObject({ code: 520 });
    expect(await two.caller.call({ key: "1" })).toMatchObject({ code: 520 });
    expect(counter.runs).toBe(1);
    counter.open();
  });

  test("run an interrupted call again whose method asks for it, and keep the outcome of that run", async () => {
    const nats = await startNats();
    const log = new TestLog();
    const [one, two] = [await open(nats, { log }), await open(nats)];
    const first = await begun(one.ledger, { ...CALL, rerun: true });
    await first.record("interrupted");
    const second = await begun(two.ledger, { ...CALL, rerun: true });
    await first.record(OUTCOME);
    await second.record({ ...OUTCOME, body: "2" });
    expect(await one.ledger.begin(CALL)).toEqual({ state: "recorded", outcome: { ...OUTCOME, body: "2" } });
    const line = "an outcome is not kept: its call was taken for interrupted, or NATS was away for too long";
    expect(log.with(line)).toHaveLength(1);
  });
});

describeWithNats("a ledger on NATS", () => {
  test("keeps a call that runs for longer than outcomes are kept, and then its outcome for their time", async () => {
    const nats = await startNats();
    const { ledger } = await open(nats, { keeps: 1000 });
    expect(ledger.keeps).toBe(1000);
    const entry = await begun(ledger, CALL);
    const end = performance.now() + 1500;
    while (performance.now() < end) expect(await ledger.begin(CALL)).toMatchObject({ state: "running" });
    await entry.record(OUTCOME);
    expect(await ledger.begin(CALL)).toMatchObject({ state: "recorded" });
    let state = "";
    while (state !== "new") state = (await ledger.begin(CALL)).state;
  });

  test("forgets the outcomes that their caller has, and what it released", async () => {
    const nats = await startNats();
    const { ledger } = await open(nats, { maxKeyEntries: 1 });
    await (await begun(ledger, CALL)).record(OUTCOME);
    const full = await failure<RpcError>(Promise.resolve(ledger.begin({ ...CALL, key: "2" })));
    expect(full).toMatchObject({ status: "RESOURCE_EXHAUSTED", message: expect.stringContaining("maxKeyEntries") });
    expect(await ledger.begin(CALL)).toMatchObject({ state: "recorded" });
    ledger.forget("key a", ["1", "unknown"]);
    const next = await begun(ledger, { ...CALL, key: "2" });
    next.release();
    let entry = await Promise.resolve(ledger.begin({ ...CALL, key: "2" })).catch(() => undefined);
    while (entry?.state !== "new")
      entry = await Promise.resolve(ledger.begin({ ...CALL, key: "2" })).catch(() => undefined);
    entry.release();
  });

  test("refuses a call that the bus does not take, and has not kept it when the bus is back", {
    timeout: 30_000,
  }, async () => {
    const nats = await startNats();
    const log = new TestLog();
    const { ledger } = await open(nats, { log });
    await nats.stop();
    const error = await failure<RpcError>(Promise.resolve(ledger.begin(CALL)));
    expect(error).toMatchObject({ status: "RESOURCE_EXHAUSTED", details: { retryAfter: 1000 } });
    expect(log.with("the ledger on NATS does not answer")).toHaveLength(1);
    await nats.start();
    let state = "";
    while (state !== "new")
      state = await Promise.resolve(ledger.begin(CALL)).then(
        (entry) => entry.state,
        () => "",
      );
  });

  test("refuses calls when its bucket is full", async () => {
    const nats = await startNats();
    const { ledger } = await open(nats, { maxBytes: 4096 });
    const fill = async () => {
      for (let key = 0; ; key++) await (await begun(ledger, { ...CALL, key: `${key}` })).record(OUTCOME);
    };
    expect(await failure<RpcError>(fill())).toMatchObject({
      status: "RESOURCE_EXHAUSTED",
      message: "the ledger of the server is full, so the call is not run",
    });
  });

  test("interrupts the repeats of a call whose outcome exceeds max_payload, and says so", async () => {
    const nats = await startNats();
    const log = new TestLog();
    const { ledger } = await open(nats, { log });
    await (await begun(ledger, CALL)).record({ ...OUTCOME, body: "x".repeat(2_000_000) });
    expect(await ledger.begin(CALL)).toEqual({ state: "interrupted" });
    expect(log.with("an outcome exceeds max_payload of NATS: repeats of its call get INTERRUPTED")).toHaveLength(1);
  });

  test.each([
    [{ bucket: "a.b" }, "option bucket"],
    [{ keeps: 10 }, "option keeps"],
    [{ replicas: 6 }, "option replicas"],
    [{ maxEntries: 1 }, 'unknown option "maxEntries"'],
  ])("refuses the options %j", async (options, message) => {
    const nats = await startNats();
    const error = await failure<RpcError>(open(nats, options as NatsLedgerOptions));
    expect(error).toMatchObject({ status: "BAD_REQUEST", message: expect.stringContaining(message) });
  });

  test("refuses a time to keep outcomes that its bucket does not have", async () => {
    const nats = await startNats();
    await open(nats, { keeps: 5000 });
    const error = await failure<RpcError>(open(nats, { keeps: 6000 }));
    expect(error.message).toBe(
      "option keeps: 6000 ms, but the bucket sshrpc_ledger keeps values for 5000 ms: change it (nats stream edit KV_sshrpc_ledger --max-age), or name another bucket",
    );
    expect((await open(nats)).ledger.keeps).toBe(5000);
  });
});

async function begun(ledger: Ledger, call: Parameters<Ledger["begin"]>[0]) {
  const entry = await ledger.begin(call);
  if (entry.state !== "new") throw new Error(`expected a new entry, but it is ${entry.state}`);
  return entry;
}
