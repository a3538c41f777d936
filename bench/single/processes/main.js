// Calls whose handler computes, with one process and with several (`serve --processes`), in turns: calls per second, and CPU time of a call.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectApi } from "../../../runtime/dist/compose/connect.js";
import { generateKeyPair } from "../../../runtime/dist/testing.js";
import { median, table } from "../../measure.js";

const PROCESSES = Number(process.argv[2] ?? 2);
const ROUNDS = 5;
const MILLISECONDS = 2000;
const CLIENTS = 8;
/** CPU time of a handler in ms. */
const WORK = 5;

const any = () => true;
/** @satisfies {Partial<import("sshrpc/generated").Method>} */
const method = /** @type {const} */ ({
  params: {},
  idempotent: true,
  request: any,
  response: any,
  kind: "unary",
  verb: "GET",
});
const methods = [
  { ...method, id: "GET /work", path: "/work", resource: "work" },
  { ...method, id: "GET /usage", path: "/usage", resource: "usage" },
];
const HANDLERS = `const any = () => true;
const methods = ${JSON.stringify(methods)}.map((one) => ({ ...one, request: any, response: any }));
const work = () => {
  const end = process.cpuUsage().user / 1000 + ${WORK};
  let sum = 0;
  while (process.cpuUsage().user / 1000 < end) for (let i = 0; i < 1000; i += 1) sum += i % 7;
  return sum;
};
const usage = () => ({ pid: process.pid, cpu: (process.cpuUsage().user + process.cpuUsage().system) / 1000 });
export default {
  api: { name: "work", version: "1.0.0", hash: "00", methods },
  handlers: new Map([["GET /work", work], ["GET /usage", usage]]),
};
`;

const directory = mkdtempSync(join(tmpdir(), "sshrpc-bench-"));
const { privateKey, publicKey } = generateKeyPair();
writeFileSync(join(directory, "handlers.mjs"), HANDLERS);
writeFileSync(join(directory, "keys"), `scopes="*" ${publicKey} bench\n`);

/** @param {number} processes */
async function start(processes) {
  const bin = fileURLToPath(new URL("../../../runtime/bin/sshrpc.js", import.meta.url));
  const home = join(directory, `home-${processes}`);
  const args = [
    "serve",
    "--handlers",
    "handlers.mjs",
    "--authorized-keys",
    "keys",
    "--home",
    home,
    "--port",
    "0",
    "--brief",
  ];
  const child = spawn(process.execPath, [bin, ...args, "--processes", String(processes)], { cwd: directory });
  let output = "";
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const lines = () => output.split("\n").filter((line) => line.includes('"the server listens"'));
  while (lines().length < processes) await new Promise((resolve) => setTimeout(resolve, 20));
  const { address } = JSON.parse(lines()[0] ?? "{}");
  const key = readFileSync(join(home, "ssh_host_ed25519_key.pub"), "utf8");
  writeFileSync(join(home, "known"), `[127.0.0.1]:${address.split(":")[1]} ${key}`);
  const options = { identity: { privateKey }, knownHosts: join(home, "known") };
  /** @type {any[]} The generated interfaces are not used here. */
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () =>
      connectApi({ name: "work", version: "1.0.0", hash: "00", methods }, `ssh://bench@${address}`, options),
    ),
  );
  return { child, clients };
}

/** CPU time of all processes that have a client. @param {any[]} clients */
async function cpuOf(clients) {
  const all = await Promise.all(clients.map((client) => client.usage.get()));
  return [...new Map(all.map(({ pid, cpu }) => [pid, cpu])).values()].reduce((sum, cpu) => sum + cpu, 0);
}

/** @param {any[]} clients */
async function measure(clients) {
  const end = performance.now() + MILLISECONDS;
  const before = await cpuOf(clients);
  const begin = performance.now();
  let calls = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < end) {
        await client.work.get();
        calls += 1;
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  return { rate: calls / seconds, cpu: ((await cpuOf(clients)) - before) / calls };
}

const servers = [await start(1), await start(PROCESSES)];
try {
  for (const { clients } of servers) await measure(clients);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const results = [];
    for (const { clients } of servers) results.push(await measure(clients));
    rounds.push(results);
  }
  const of = (/** @type {number} */ index) => ({
    rate: median(rounds.map((results) => results[index]?.rate ?? 0)),
    cpu: median(rounds.map((results) => results[index]?.cpu ?? 0)),
  });
  const ratio = median(rounds.map(([one, several]) => (several?.rate ?? 0) / (one?.rate ?? 1)));
  table(`handlers of ${WORK} ms of CPU, ${CLIENTS} clients`, [
    ["processes", "calls/s", "CPU ms of a call"],
    ...[1, PROCESSES].map((processes, index) => [processes, of(index).rate.toFixed(0), of(index).cpu.toFixed(2)]),
  ]);
  console.log(`\n${ratio.toFixed(2)} times the calls of one process (bar: 1.8 on two idle cores)`);
} finally {
  for (const { child, clients } of servers) {
    await Promise.all(clients.map((client) => client.close()));
    child.kill("SIGTERM");
  }
  rmSync(directory, { recursive: true, force: true });
}
