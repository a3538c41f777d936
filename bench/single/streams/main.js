// A Bytes stream of 1 GB against a bare ssh2 channel, interleaved in one run; and unary calls beside 1,000 slow streams.
import { fork } from "node:child_process";
import ssh2 from "ssh2";
import { connectApi } from "../../../runtime/dist/compose/connect.js";
import { serverAlgorithms } from "../../../runtime/dist/ssh/algorithms.js";
import { generateKeyPair } from "../../../runtime/dist/testing.js";
import { median, table } from "../../measure.js";
import { streamsApi } from "./api.js";

const ROUNDS = 3;
const BYTES = 2 ** 30;

const { privateKey, publicKey } = generateKeyPair();
const server = fork(new URL("server.js", import.meta.url), [publicKey, String(BYTES)]);
const ports = await new Promise((resolve) => server.once("message", resolve));
/** @type {any} The generated interfaces are not used here. */
const client = await connectApi(streamsApi, `ssh://bench@127.0.0.1:${ports.ours}`, {
  identity: { privateKey },
  hostKey: ports.hostKey,
});

let peak = 0;
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20).unref();

await throughput();
await besideStreams();
await client.close();
server.disconnect();

async function throughput() {
  const rates = { sshrpc: [], "bare ssh2 channel": [] };
  const memory = { client: 0, server: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    await peakMemory();
    rates.sshrpc.push(await rate(client.blob.get({})));
    const peak = await peakMemory();
    memory.client = Math.max(memory.client, peak.client);
    memory.server = Math.max(memory.server, peak.server);
    rates["bare ssh2 channel"].push(await rate(await bareChannel()));
  }
  const ratios = rates.sshrpc.map((ours, round) => ours / rates["bare ssh2 channel"][round]);
  table(`a Bytes stream of ${BYTES / 2 ** 30} GiB (median of ${ROUNDS} interleaved rounds)`, [
    ["", "MB/s", "peak MB, client", "peak MB, server"],
    ["sshrpc", Math.round(median(rates.sshrpc)), Math.round(memory.client / 1e6), Math.round(memory.server / 1e6)],
    ["bare ssh2 channel", Math.round(median(rates["bare ssh2 channel"])), "", ""],
    ["ratio", median(ratios).toFixed(2), "", ""],
  ]);
}

async function rate(source) {
  const start = performance.now();
  let bytes = 0;
  for await (const chunk of source) bytes += chunk.length;
  if (bytes < BYTES) throw new Error(`received only ${bytes} bytes`);
  return bytes / 1e6 / ((performance.now() - start) / 1000);
}

function bareChannel() {
  const connection = new ssh2.Client();
  return new Promise((resolve, reject) => {
    connection.on("error", reject);
    connection.on("ready", () => {
      connection.setNoDelay(true);
      connection.subsys("bare", (error, channel) => {
        if (error) reject(error);
        else resolve(channel.on("close", () => connection.end()));
      });
    });
    connection.connect({
      host: "127.0.0.1",
      port: ports.bare,
      username: "bench",
      algorithms: serverAlgorithms(),
      hostVerifier: () => true,
    });
  });
}

async function peakMemory() {
  const answer = new Promise((resolve) => server.once("message", resolve));
  server.send("memory");
  const both = { client: peak, server: (await answer).peak };
  peak = 0;
  return both;
}

async function besideStreams() {
  await unaryRate();
  const alone = [];
  const beside = [];
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await unaryRate());
    const streams = Array.from({ length: 1000 }, () => client.tick.get({}));
    const consumed = streams.map(async (stream) => {
      for await (const _ of stream);
    });
    for (const task of consumed) task.catch(() => undefined);
    beside.push(await unaryRate());
    for (const stream of streams) stream.cancel();
    await Promise.allSettled(consumed);
  }
  const ratios = beside.map((rate, round) => rate / alone[round]);
  table("256 unary calls in flight, alone and beside 1,000 slow streams on the same connection", [
    ["", "calls/s"],
    ["alone", Math.round(median(alone))],
    ["beside 1,000 streams", Math.round(median(beside))],
    ["ratio", median(ratios).toFixed(2)],
  ]);
}

async function unaryRate() {
  const start = performance.now();
  let calls = 0;
  const worker = async () => {
    while (performance.now() < start + 1500) {
      await client.echo.get({ id: 1 });
      calls++;
    }
  };
  await Promise.all(Array.from({ length: 256 }, worker));
  return (calls / (performance.now() - start)) * 1000;
}
