// A well-behaved client beside attackers with keys of their own and no scopes: its latency, the time of a new login, and what
// the server holds and writes. `node bench/fairness.js [part of an attack's name] [seconds]`.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectApi } from "../runtime/dist/compose/connect.js";
import { generateKeyPair } from "../runtime/dist/testing.js";
import { fairnessApi } from "./fairness-api.js";
import { quantile, table } from "./measure.js";

const ATTACKS = [
  "open and cancel",
  "small calls on 8 channels",
  "refused calls",
  "unread streams on 8 channels",
  "window changes",
  "environment variables",
  "signals",
  "global requests",
  "ignore",
  "debug",
  "unimplemented",
  "extension info",
  "window adjusts",
  "channels opened",
  "lines of a shell",
  "1-byte data",
];
/** The bars: milliseconds of a call and of a login, bytes above the idle server. */
const BARS = { p99: 50, login: 1000, memory: 150e6 };
const KEYS = [1, 5];
/** The columns of the table at the end; the line of each cell has all. */
const SHORT = ["attack", "keys", "p99 ms", "login ms", "MB over idle", "others wait for CPU ms, p99", "failed", "over"];

const [pattern = "", seconds = "4"] = process.argv.slice(2);
const SECONDS = Number(seconds);
const directory = mkdtempSync(join(tmpdir(), "sshrpc-"));
const rows = [
  [
    "attack",
    "keys",
    "p50 ms",
    "p99 ms",
    "login ms",
    "MB over idle",
    "server CPU %",
    "others wait for CPU ms, p99",
    "at worst",
    "attacks/s",
    "ended",
    "audit KB/s",
    "failed",
    "over",
  ],
];
await measure("none", 0);
for (const attack of ATTACKS.filter((name) => name.includes(pattern)))
  for (const keys of KEYS) await measure(attack, keys);
table(
  `a call beside attackers (${SECONDS} s each; bars: p99 ${BARS.p99} ms, login ${BARS.login} ms, 150 MB)`,
  rows.map((row) => row.filter((_, column) => SHORT.includes(rows[0][column]))),
);
rmSync(directory, { recursive: true });
process.exit(0);

async function measure(attack, count) {
  const attackers = Array.from({ length: count }, () => generateKeyPair());
  const good = generateKeyPair();
  const audit = join(directory, `${rows.length}.log`);
  const lines = [good, ...attackers].map(({ publicKey }) => publicKey);
  const server = fork(new URL("fairness-server.js", import.meta.url), [audit, ...lines], {
    execArgv: ["--max-old-space-size=512"],
  });
  const { port, hostKey } = await once(server);
  const connect = () =>
    /** @type {Promise<any>} */ (
      connectApi(fairnessApi, `ssh://good@127.0.0.1:${port}`, { identity: { privateKey: good.privateKey }, hostKey })
    );
  const client = await connect();
  await client.echo.get({ value: 0 });
  const idle = await ask(server);
  const programs = attackers.map(({ privateKey }) =>
    fork(new URL("fairness-attacker.js", import.meta.url), [attack, String(port), privateKey]),
  );
  await new Promise((resolve) => setTimeout(resolve, count === 0 ? 0 : 1500));
  const before = await ask(server);
  const sizeBefore = statSync(audit).size;
  const start = performance.now();
  const end = start + SECONDS * 1000;
  const [times, logins] = [[], []];
  let failed = 0;
  const calls = async () => {
    while (performance.now() < end) {
      const began = performance.now();
      await client.echo.get({ value: 42 }).catch(() => failed++);
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const login = async () => {
    while (performance.now() < end) {
      const began = performance.now();
      const other = await connect().catch(() => failed++);
      await other?.echo?.get({ value: 42 }).catch(() => failed++);
      logins.push(performance.now() - began);
      await other?.close?.();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  await Promise.all([calls(), login()]);
  const elapsed = performance.now() - start;
  const after = await ask(server);
  const reports = await Promise.all(programs.map(ask));
  const size = statSync(audit).size;
  const total = (name) => reports.reduce((sum, report) => sum + report[name], 0);
  const memory = Math.max(0, after.peak - idle.peak);
  const [p50, p99, slowest] = [quantile(times, 0.5), quantile(times, 0.99), Math.max(...logins)];
  const over = [
    p99 > BARS.p99 && "p99",
    slowest > BARS.login && "login",
    memory > BARS.memory && "memory",
    failed > 0 && "failed",
  ];
  rows.push([
    attack,
    count,
    p50.toFixed(1),
    p99.toFixed(1),
    slowest.toFixed(0),
    (memory / 1e6).toFixed(0),
    (((after.cpu - before.cpu) / elapsed) * 100).toFixed(0),
    after.delay.toFixed(1),
    after.worst.toFixed(1),
    Math.round(total("sent") / (elapsed / 1000 + (count === 0 ? 0 : 1.5))),
    total("ends"),
    ((size - sizeBefore) / elapsed).toFixed(0),
    failed,
    over.filter(Boolean).join(" "),
  ]);
  console.log(rows.at(-1).join("  "));
  for (const program of programs) program.disconnect();
  await client.close();
  server.disconnect();
}

async function ask(program) {
  program.send("report");
  return once(program);
}

/** The next message of a program; rejects if it ends before. */
function once(program) {
  return new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`${program.spawnargs[1]} ended with ${code}`));
    program.once("exit", ended).once("message", (message) => {
      program.off("exit", ended);
      resolve(message);
    });
  });
}
