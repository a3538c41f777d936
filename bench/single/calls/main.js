// Small validated calls: sshrpc against one write per message on an ssh2 channel, interleaved in one run; and serial calls of
// 64 KB, which reveal the 40 ms stall of a missing TCP_NODELAY.
import { fork } from "node:child_process";
import { connectApi } from "../../../runtime/dist/compose/connect.js";
import { serverAlgorithms } from "../../../runtime/dist/ssh/algorithms.js";
import { generateKeyPair } from "../../../runtime/dist/testing.js";
import { cpu, median, quantile, table } from "../../measure.js";
import { echoApi } from "./api.js";
import { connectNaive } from "./naive.js";

const ROUNDS = 5;
const MILLISECONDS = 1000;
const SMALL = { value: { id: 42, text: "hello world" } };

const { privateKey, publicKey } = generateKeyPair();
const server = fork(new URL("server.js", import.meta.url), [publicKey]);
const ports = await new Promise((resolve) => server.once("message", resolve));
const api = await echoApi();
const [{ request, response }] = api.methods;

/** @type {any} The generated interfaces are not used here. */
const client = await connectApi(api, `ssh://bench@127.0.0.1:${ports.ours}`, {
  identity: { privateKey },
  hostKey: ports.hostKey,
});
const naive = await connectNaive({ port: ports.naive, algorithms: serverAlgorithms(), request, response });
const peers = { sshrpc: client.echo.get, "a write per message": naive.call };

for (const inFlight of [1, 64, 256]) await compare(inFlight);
await serial(64 * 1024);

await client.close();
naive.close();
server.disconnect();

async function compare(inFlight) {
  const results = { sshrpc: [], "a write per message": [] };
  for (const call of Object.values(peers)) await pipelined(call, inFlight);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, call] of Object.entries(peers)) results[name].push(await pipelined(call, inFlight));
  }
  const ratios = results.sshrpc.map(({ rate }, round) => rate / results["a write per message"][round].rate);
  table(`small validated calls, ${inFlight} in flight (median of ${ROUNDS} interleaved rounds)`, [
    ["", "calls/s", "CPU µs a call, both ends"],
    ...Object.entries(results).map(([name, rounds]) => [
      name,
      Math.round(median(rounds.map(({ rate }) => rate))),
      median(rounds.map(({ cost }) => cost)).toFixed(1),
    ]),
    ["ratio", median(ratios).toFixed(2), `(${ratios.map((ratio) => ratio.toFixed(1)).join(", ")})`],
  ]);
}

async function pipelined(call, inFlight) {
  const [start, before] = [performance.now(), await bothCpu()];
  const end = start + MILLISECONDS;
  let calls = 0;
  const worker = async () => {
    while (performance.now() < end) {
      await call(SMALL);
      calls++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const elapsed = performance.now() - start;
  return { rate: (calls / elapsed) * 1000, cost: (((await bothCpu()) - before) / calls) * 1000 };
}

async function serial(bytes) {
  const value = "x".repeat(bytes);
  const times = [];
  for (let call = 0; call < 500; call++) {
    const start = performance.now();
    await client.echo.get({ value });
    times.push(performance.now() - start);
  }
  table(`serial calls of ${bytes / 1024} KB (native binding of ssh2: ${await hasBinding()})`, [
    ["", "median ms", "p99 ms", "max ms"],
    ["sshrpc", ...[median(times), quantile(times, 0.99), Math.max(...times)].map((time) => time.toFixed(2))],
  ]);
}

async function bothCpu() {
  const answer = new Promise((resolve) => server.once("message", resolve));
  server.send("cpu");
  return cpu() + (await answer).cpu;
}

async function hasBinding() {
  const { createRequire } = await import("node:module");
  try {
    createRequire(import.meta.url)("ssh2/lib/protocol/crypto/build/Release/sshcrypto.node");
    return "yes";
  } catch {
    return "no";
  }
}
