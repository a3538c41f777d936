// What observing costs: CPU of a small unary call in memory, both ends, without observers and with each kind of them, interleaved.
import { connectApi } from "../../../runtime/dist/compose/connect.js";
import { metrics } from "../../../runtime/dist/metrics.js";
import { otel } from "../../../runtime/dist/otel.js";
import { inMemory } from "../../../runtime/dist/testing.js";
import { cpu, median, table } from "../../measure.js";
import { echoApi } from "../calls/api.js";

const ROUNDS = 7;
const CALLS = 20_000;
const IN_FLIGHT = 16;

const api = await echoApi();
const handlers = new Map(api.methods.map(({ id }) => [id, (request) => request]));
const observers = {
  none: undefined,
  "callEnded alone": { callEnded() {} },
  metrics: (await metrics()).observer,
  "OpenTelemetry without an SDK": await otel(),
};

/** @type {Record<string, any>} */
const clients = {};
for (const [name, observer] of Object.entries(observers)) {
  const options = observer === undefined ? {} : { observer };
  clients[name] = await connectApi(api, inMemory({ api, handlers }, options), options);
}

const costs = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
for (let round = -1; round < ROUNDS; round++) {
  for (const [name, client] of Object.entries(clients)) {
    const before = cpu();
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => calls(client)));
    // The first round warms up.
    if (round >= 0) costs[name].push(((cpu() - before) * 1000) / CALLS);
  }
}
table(`CPU µs a small call in memory, both ends (median of ${ROUNDS} interleaved rounds of ${CALLS} calls)`, [
  ["observer", "µs", "least", "most"],
  ...Object.entries(costs).map(([name, list]) => [
    name,
    ...[median(list), Math.min(...list), Math.max(...list)].map((value) => value.toFixed(1)),
  ]),
]);
for (const client of Object.values(clients)) await client.close();

async function calls(client) {
  for (let call = 0; call < CALLS / IN_FLIGHT; call++) await client.echo.get({ value: { id: call, text: "hello" } });
}
