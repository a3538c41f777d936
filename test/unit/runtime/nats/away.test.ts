import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Kvm } from "@nats-io/kv";
import { connectNats, natsKeyFiles, natsLedger } from "sshrpc/nats";
import type { LedgerEntry, NewEntry } from "sshrpc/server";
import { expect, onTestFinished, test, vi } from "vitest";
import { describeWithNats, startNats, type TestNats } from "../../../support/nats.js";
import { tempDir } from "../ssh/support.js";
import { until } from "../support/wait.js";

const CALL = { identity: "key a", method: "STORE /orders", key: "1", digest: "d", rerun: false };
const OUTCOME = { status: "OK", code: 200, body: "1" } as const;
const WAIT = { timeout: 20_000, interval: 100 };

async function open(nats: TestNats) {
  const connection = await connectNats({ servers: nats.url });
  onTestFinished(() => connection.close());
  const ledger = await natsLedger(connection);
  const state = async (): Promise<LedgerEntry["state"]> => (await ledger.begin(CALL)).state;
  return { connection, state, first: (await ledger.begin(CALL)) as NewEntry };
}

describeWithNats("while NATS is away", () => {
  test("a handler that ends has its outcome in the ledger afterwards", async () => {
    const nats = await startNats();
    const { connection, first, state } = await open(nats);
    await nats.stop();
    await until("the loss", () => connection.info === undefined);
    const recorded = first.record(OUTCOME);
    await nats.start();
    await recorded;
    await vi.waitFor(async () => expect(await state()).toBe("recorded"), WAIT);
  });

  test("a call that did not run after all leaves its key free", async () => {
    const nats = await startNats();
    const { connection, first, state } = await open(nats);
    await nats.stop();
    await until("the loss", () => connection.info === undefined);
    first.release();
    await nats.start();
    await vi.waitFor(async () => expect(await state()).toBe("new"), WAIT);
  });

  test("lists of keys in a bucket that is made anew take the place of those of the old one", async () => {
    const nats = await startNats();
    const connection = await connectNats({ servers: nats.url });
    onTestFinished(() => connection.close());
    const lists = new Kvm(connection);
    const old = await lists.create("sshrpc_keys", { history: 5 });
    await old.put("authorized_keys", "alice\nbob\n");
    const files = await natsKeyFiles(connection, { directory: join(tempDir(), "keys") });
    onTestFinished(() => files.close());
    const read = (): string => readFileSync(files.authorizedKeys, "utf8");
    expect(read()).toBe("alice\nbob\n");
    await old.destroy();
    const other = await lists.create("sshrpc_keys", { history: 5 });
    await other.put("authorized_keys", "alice\n");
    await until("the list of the new bucket", () => read() === "alice\n");
  });
});
