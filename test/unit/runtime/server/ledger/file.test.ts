import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { tempDir } from "../../ssh/support.js";
import { until } from "../../support/wait.js";
import { type Caller, Counter, type Orders, serveOrders } from "./orders.js";

/** A server with its ledger in a file, and a connection. */
async function open(file: string, counter = new Counter()): Promise<Orders & { readonly caller: Caller }> {
  const orders = serveOrders(counter.handler, { ledger: { file } });
  return { ...orders, caller: await orders.connect() };
}

/** The file of a process that has ended while calls with these keys ran. */
async function killed(keys: readonly string[], method?: string): Promise<string> {
  const file = join(tempDir(), "ledger");
  const counter = new Counter({ waits: true });
  const { caller } = await open(file, counter);
  for (const key of keys) caller.send({ key, ...(method !== undefined && { method }) });
  await until("the handlers", () => counter.runs === keys.length);
  const copy = join(tempDir(), "ledger");
  writeFileSync(copy, readFileSync(file));
  counter.open();
  return copy;
}

const idOf = (file: string): string => readFileSync(file, "latin1").slice(0, 38);

describe("a ledger in a file", () => {
  test("outlives its server, with its id", async () => {
    const file = join(tempDir(), "ledger");
    const first = await open(file);
    expect(await first.caller.call({ key: "order-1" })).toMatchObject({ code: 200, body: { order: 1 } });
    const failing = serveOrders(async (_, ctx) => ctx.fail("CONFLICT", undefined, "sold"), {
      ledger: { file: `${file}-2` },
    });
    expect(await (await failing.connect()).call({ key: "order-2" })).toMatchObject({ code: 409 });
    const hello = await first.caller.hello();
    await Promise.all([first.server.close(), failing.server.close()]);
    const counter = new Counter();
    const second = await open(file, counter);
    expect(await second.caller.call({ key: "order-1" })).toMatchObject({ code: 200, body: { order: 1 } });
    expect(await second.caller.hello()).toMatchObject({ ledger: hello["ledger"] });
    const third = await open(`${file}-2`, counter);
    expect(await third.caller.call({ key: "order-2" })).toMatchObject({ code: 409, body: { message: "sold" } });
    expect(counter.runs).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("ends a call with INTERRUPTED whose process ended while it ran, also the second time", async () => {
    const file = await killed(["order-1"]);
    const counter = new Counter();
    for (let round = 0; round < 2; round++) {
      const { caller, server } = await open(file, counter);
      expect(await caller.call({ key: "order-1" })).toMatchObject({
        code: 520,
        body: { message: expect.stringContaining("it may have had its effect") },
      });
      await server.close();
    }
    expect(counter.runs).toBe(0);
  });

  test("runs an interrupted call of a method again that asks for it, and then keeps its outcome", async () => {
    const file = await killed(["order-1"], "STORE /again");
    const counter = new Counter();
    const call = { key: "order-1", method: "STORE /again" };
    for (let round = 0; round < 2; round++) {
      const { caller, server } = await open(file, counter);
      expect(await caller.call(call)).toMatchObject({ code: 200, body: { order: 1 } });
      await server.close();
    }
    expect(counter.keys).toEqual(["order-1"]);
  });

  test("has a call before its handler starts, and its outcome before its caller", async () => {
    const file = join(tempDir(), "ledger");
    const seen: boolean[] = [];
    const orders = serveOrders(
      async () => {
        seen.push(readFileSync(file, "latin1").includes("order-1"));
        return "the outcome";
      },
      { ledger: { file } },
    );
    await (await orders.connect()).call({ key: "order-1" });
    expect(seen).toEqual([true]);
    expect(readFileSync(file, "latin1")).toContain("the outcome");
  });

  test("that is cut short at any byte has every call before, and says what it has dropped", async () => {
    const file = join(tempDir(), "ledger");
    const { caller, server } = await open(file);
    const sizes: number[] = [];
    for (const key of ["order-1", "order-2"]) {
      await caller.call({ key });
      sizes.push(statSync(file).size);
    }
    await server.close();
    const whole = readFileSync(file);
    const cut = join(tempDir(), "ledger");
    for (let size = 0; size < whole.length; size++) {
      writeFileSync(cut, whole.subarray(0, size));
      const counter = new Counter();
      const again = await open(cut, counter);
      const { code } = await again.caller.call({ key: "order-1" });
      if (size >= (sizes[0] as number)) expect([size, code, counter.runs]).toEqual([size, 200, 0]);
      // Nothing of it, or its begin alone.
      else expect([size, code === 520 ? 0 : 1, code === 520 || code === 200]).toEqual([size, counter.runs, true]);
      const isWhole = again.log.lines.length === 0;
      if (!isWhole)
        expect(again.log.lines[0]?.message).toMatch(/^the ledger file: its (first line|last record) was cut/);
      if (size >= 39) expect(idOf(cut)).toBe(idOf(file));
      await again.server.close();
    }
  });

  test("that is damaged before its end gets a new id, so that no client relies on it", async () => {
    const file = join(tempDir(), "ledger");
    const { caller, server } = await open(file);
    for (const key of ["order-1", "order-2"]) await caller.call({ key });
    await server.close();
    const bytes = readFileSync(file);
    bytes[100] = (bytes[100] as number) ^ 1;
    writeFileSync(file, bytes);
    const before = idOf(file);
    const { log, caller: again } = await open(file);
    expect(log.lines[0]).toMatchObject({
      level: "warn",
      message: expect.stringMatching(/damaged at byte 39: \d+ bytes/),
    });
    expect(idOf(file)).not.toBe(before);
    expect(await again.call({ key: "order-3" })).toMatchObject({ code: 200 });
  });

  test("that is damaged in the length of a record gets a new id, too: acknowledged calls follow it", async () => {
    const file = join(tempDir(), "ledger");
    const { caller, server } = await open(file);
    await caller.call({ key: "order-1", request: { item: '["begin",1,2]' } });
    await caller.call({ key: "order-2" });
    await server.close();
    const bytes = readFileSync(file);
    bytes[39] = 0x40;
    writeFileSync(file, bytes);
    const before = idOf(file);
    const { log } = await open(file);
    expect(log.lines[0]?.message).toMatch(/damaged at byte 39/);
    expect(idOf(file)).not.toBe(before);
  });

  test.each([
    ["another kind", "#!/bin/sh\nexit 0\n", "it is not a ledger; name another file"],
    [
      "a later version",
      `sshrpc-ledger 2 ${"a".repeat(22)}\n`,
      "it has version 2 of the format, and this release reads version 1",
    ],
  ])("of %s is refused, and stays as it is", (_, text, message) => {
    const file = join(tempDir(), "ledger");
    writeFileSync(file, text);
    expect(() => serveOrders(new Counter().handler, { ledger: { file } })).toThrow(message);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  test("is refused to a second server, and free once the first has closed", async () => {
    const file = join(tempDir(), "ledger");
    const first = await open(file);
    expect(() => serveOrders(new Counter().handler, { ledger: { file } })).toThrow(
      `the ledger file ${file} cannot be opened: it is in use by process ${process.pid} on ${hostname()}`,
    );
    expect(await first.caller.call({ key: "order-1" })).toMatchObject({ code: 200 });
    await first.server.close();
    await open(file);
  });

  test("is one file by all of its names, and a copy leaves a symbolic link as it is", async () => {
    const file = join(tempDir(), "ledger");
    const link = join(tempDir(), "link");
    const { server } = await open(file);
    symlinkSync(file, link);
    expect(() => serveOrders(new Counter().handler, { ledger: { file: link } })).toThrow("it is in use by process");
    await server.close();
    const { connect } = serveOrders(async () => "x".repeat(1_000_000), { ledger: { file: link } });
    const caller = await connect();
    for (let number = 1; number <= 6; number++)
      expect(await caller.call({ key: `${number}` })).toMatchObject({ code: 200 });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(statSync(file).size).toBeGreaterThan(6_000_000);
  });

  test("is free where its server could not be made", async () => {
    const file = join(tempDir(), "ledger");
    const { handler } = new Counter();
    expect(() => serveOrders(handler, { ledger: { file }, contractDrift: "later" as never })).toThrow("contractDrift");
    expect(() => serveOrders(handler, { ledger: { file }, timeout: -1 })).toThrow("timeout");
    await open(file);
  });

  test("is taken over from a process that has ended, and not from one on another host", async () => {
    const file = join(tempDir(), "ledger");
    const { pid } = spawnSync("true");
    writeFileSync(`${file}.lock`, `${JSON.stringify({ pid, host: hostname() })}\n`);
    const { server } = await open(file);
    await server.close();
    writeFileSync(`${file}.lock`, `${JSON.stringify({ pid, host: "elsewhere" })}\n`);
    expect(() => serveOrders(new Counter().handler, { ledger: { file } })).toThrow(`delete ${file}.lock`);
  });

  test("forgets what its callers have, also after a restart", async () => {
    const file = join(tempDir(), "ledger");
    const counter = new Counter();
    const first = await open(file, counter);
    const client = "a".repeat(22);
    await first.caller.call({ key: `${client}.1` });
    await first.caller.call({ key: `${client}.2`, metadata: [["idempotency-done", "1"]] });
    await first.server.close();
    const second = await open(file, counter);
    expect(await second.caller.call({ key: `${client}.1` })).toMatchObject({ body: { order: 3 } });
  });

  test("keeps outcomes wherever the system clock jumps while no server runs", async () => {
    const file = join(tempDir(), "ledger");
    const counter = new Counter();
    const first = await open(file, counter);
    await first.caller.call({ key: "order-1" });
    await first.server.close();
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const now = Date.now();
    for (const hours of [-5, 1, 24 * 365]) {
      vi.setSystemTime(now + hours * 3_600_000);
      const { caller, server } = await open(file, counter);
      expect(await caller.call({ key: "order-1" })).toMatchObject({ body: { order: 1 } });
      await server.close();
    }
  });

  test("keeps an outcome, and that a call was interrupted, for their time and no longer, however often its server starts", async () => {
    const file = await killed(["interrupted"]);
    const counter = new Counter();
    const keeps = 300;
    let round = 0;
    const answers = async (...keys: readonly string[]): Promise<readonly unknown[]> => {
      const { connect, server } = serveOrders(counter.handler, { ledger: { file, keeps } });
      const caller = await connect();
      const bodies: unknown[] = [];
      for (const key of keys) bodies.push((await caller.call({ key })).code, counter.runs);
      // Other calls go on.
      await caller.call({ key: `other-${++round}` });
      await server.close();
      return bodies;
    };
    expect(await answers("order-1", "order-1", "interrupted")).toEqual([200, 1, 200, 1, 520, 1]);
    await vi.waitFor(
      async () => {
        const runs = counter.runs;
        expect(await answers("order-1", "interrupted")).toEqual([200, runs + 1, 200, runs + 2]);
      },
      { timeout: 15_000, interval: 20 },
    );
  });

  test("counts the time of a server that has no more calls, also of one that is killed", async () => {
    vi.useFakeTimers({ toFake: ["performance", "setInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const file = join(tempDir(), "ledger");
    const [killedLater, killedEarlier] = [join(tempDir(), "ledger"), join(tempDir(), "ledger")];
    const counter = new Counter();
    const first = await open(file, counter);
    await first.caller.call({ key: "order-1" });
    writeFileSync(killedEarlier, readFileSync(file));
    vi.advanceTimersByTime(600_000);
    await until("the time", () => readFileSync(file, "latin1").includes('["time",'));
    writeFileSync(killedLater, readFileSync(file));
    await first.server.close();
    const runs: number[] = [];
    for (const copy of [killedEarlier, killedLater, file]) {
      const { caller, server } = await open(copy, counter);
      await caller.call({ key: "order-1" });
      runs.push(counter.runs);
      await server.close();
    }
    expect(runs).toEqual([1, 2, 3]);
  });

  test("is copied without what has left it, while calls go on", async () => {
    const file = join(tempDir(), "ledger");
    const orders = serveOrders(async () => "x".repeat(100_000), { ledger: { file } });
    const caller = await orders.connect();
    const client = "a".repeat(22);
    let largest = 0;
    for (let number = 1; number <= 120; number++) {
      const done = number > 2 ? { metadata: [["idempotency-done", `${number - 2}`]] as const } : {};
      expect(await caller.call({ key: `${client}.${number}`, ...done })).toMatchObject({ code: 200 });
      largest = Math.max(largest, statSync(file).size);
    }
    expect(largest).toBeLessThan(4_400_000);
    await orders.server.close();
    const counter = new Counter();
    const again = await open(file, counter);
    expect(await again.caller.call({ key: `${client}.120` })).toMatchObject({ code: 200 });
    expect(await again.caller.call({ key: `${client}.118` })).toMatchObject({ body: { order: 1 } });
    expect(counter.runs).toBe(1);
  });

  test("is copied without what has left it, also where no server runs for long", async () => {
    const file = join(tempDir(), "ledger");
    const client = "a".repeat(22);
    let largest = 0;
    for (let number = 1; number <= 120; number += 10) {
      const { connect, server } = serveOrders(async () => "x".repeat(100_000), { ledger: { file } });
      const caller = await connect();
      for (let next = number; next < number + 10; next++) {
        const done = next > 1 ? { metadata: [["idempotency-done", `${next - 1}`]] as const } : {};
        expect(await caller.call({ key: `${client}.${next}`, ...done })).toMatchObject({ code: 200 });
      }
      await server.close();
      largest = Math.max(largest, statSync(file).size);
    }
    expect(largest).toBeLessThan(4_400_000);
  });

  test("that cannot be copied grows, and says so", async () => {
    const file = join(tempDir(), "ledger");
    // In the place of the copy.
    mkdirSync(`${file}.new`);
    const { connect, log } = serveOrders(async () => "x".repeat(500_000), { ledger: { file } });
    const caller = await connect();
    for (let number = 1; number <= 12; number++)
      expect(await caller.call({ key: `${number}` })).toMatchObject({ code: 200 });
    expect(log.lines).toMatchObject([
      {
        level: "error",
        message: "the ledger file cannot be compacted, and grows",
        fields: { err: { code: "EISDIR" } },
      },
    ]);
    expect(statSync(file).size).toBeGreaterThan(6_000_000);
  });
});
