// What a key costs: STORE with the ledger in memory and in a file, beside the same calls without a ledger, interleaved in one run; and
// calls of an idempotent method, which pay nothing. Client and server are in this process, without SSH.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectApi } from "../../../runtime/dist/compose/connect.js";
import { ledgerConfig } from "../../../runtime/dist/server/ledger/ledger-options.js";
import { MemoryLedger } from "../../../runtime/dist/server/ledger/memory-ledger.js";
import { inMemory } from "../../../runtime/dist/testing.js";
import { median, table } from "../../measure.js";

const ROUNDS = 9;
const CALLS = 10_000;
const IN_FLIGHT = 64;
const REQUEST = { id: 42, text: "hello world" };

const any = () => true;
const common = { path: "/orders", resource: "orders", kind: "unary", params: {}, request: any, response: any };
/** @type {any} */
const api = {
  name: "ledger",
  version: "1.0.0",
  hash: "0",
  methods: [
    { ...common, id: "STORE /orders", verb: "STORE", idempotent: false },
    { ...common, id: "UPDATE /orders", verb: "UPDATE", idempotent: true },
  ],
};
const handlers = new Map(api.methods.map(({ id }) => [id, async () => ({ number: 1 })]));

/** A client of a server with this ledger. */
async function open(ledger) {
  const server = inMemory({ api, handlers }, { ledger });
  /** @type {any} The generated interfaces are not used here. */
  const client = await connectApi(api, server);
  return { client, close: () => client.close().then(() => server.close()) };
}

const directory = mkdtempSync(join(tmpdir(), "sshrpc-ledger-"));
const none = await open(false);
const memory = await open({});
const file = await open({ file: join(directory, "ledger") });
const peers = {
  "STORE, no ledger": () => none.client.orders.store(REQUEST),
  "STORE with a header as long as a key, no ledger": () =>
    none.client.orders.store(REQUEST, { metadata: { "x-request-id": "kZ8hVt0qQb6mSx1yWn3u5A.1234" } }),
  "STORE, ledger in memory": () => memory.client.orders.store(REQUEST),
  "STORE, ledger in a file": () => file.client.orders.store(REQUEST),
  "UPDATE, no ledger": () => none.client.orders.update(REQUEST),
  "UPDATE, ledger in memory": () => memory.client.orders.update(REQUEST),
};
const results = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
for (let round = -1; round < ROUNDS; round++) {
  // A call pays for the memory that the one before has left: each comes before and after its neighbours.
  const order = Object.entries(peers);
  for (const [name, call] of round % 2 === 0 ? order : order.reverse()) {
    const result = await run(call);
    if (round >= 0) results[name].push(result);
  }
}
const alone = await ledgerAlone();
await Promise.all([none, memory, file].map(({ close }) => close()));
rmSync(directory, { recursive: true });

table(`calls with ${IN_FLIGHT} in flight (median of ${ROUNDS} interleaved rounds)`, [
  ["", "calls/s", "CPU µs a call, both ends"],
  ...Object.entries(results).map(([name, rounds]) => [
    name,
    Math.round(median(rounds.map(({ rate }) => rate))),
    median(rounds.map(({ cost }) => cost)).toFixed(1),
  ]),
]);
console.log(`the ledger in memory alone: ${alone.toFixed(2)} µs for begin, record and forget`);

async function run(call) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  let left = CALLS;
  const worker = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const { user, system } = process.cpuUsage(before);
  return { cost: (user + system) / CALLS, rate: (CALLS / (performance.now() - start)) * 1000 };
}

/** The ledger without calls: each key is forgotten once 64 newer ones have come. */
async function ledgerAlone() {
  const ledger = new MemoryLedger(ledgerConfig({}));
  const costs = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let number = 1; number <= 10 * CALLS; number++) {
      const key = `kZ8hVt0qQb6mSx1yWn3u5A.${number}`;
      const call = { identity: "key SHA256:abc", method: "STORE /orders", key, digest: "d", rerun: false };
      const entry = ledger.begin(call);
      if (entry.state === "new") entry.record({ status: "OK", code: 200, body: '{"number":1}' });
      ledger.forget("key SHA256:abc", [`kZ8hVt0qQb6mSx1yWn3u5A.${number - IN_FLIGHT}`]);
    }
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / (10 * CALLS));
    ledger.forget(
      "key SHA256:abc",
      Array.from({ length: IN_FLIGHT }, (_, index) => `kZ8hVt0qQb6mSx1yWn3u5A.${10 * CALLS - index}`),
    );
  }
  return median(costs);
}
