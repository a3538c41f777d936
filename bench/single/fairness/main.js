// A well-behaved client beside attackers with keys of their own and no scopes: its latency, the time of a new login, and what
// the server holds and writes. `npm run bench -- fairness [--only NAME] [--keys N] [--seconds N]`; all of it takes about 8 minutes.

import { fork } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectApi } from "../../../runtime/dist/compose/connect.js";
import { generateKeyPair } from "../../../runtime/dist/testing.js";
import { quantile, table } from "../../measure.js";
import { fairnessApi } from "./api.js";
import { ATTACKS } from "./attacks.js";

/** The bars: milliseconds of a call and of a login, megabytes above the idle server. */
const BARS = { p99: 50, login: 1000, memory: 150 };
/** Milliseconds that one attack may take at most: a server that does not respond must not hold the others up. */
const LIMIT = 30_000;
/** Milliseconds that the attack runs before the client is measured. */
const AHEAD = 1500;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    keys: { type: "string" },
    seconds: { type: "string", default: "4" },
  },
});
const SECONDS = Number(values.seconds);
const KEYS = values.keys === undefined ? [1, 5] : [Number(values.keys)];
const COLUMNS = [
  ["attack", "keys", "p50 ms", "p99 ms", "login ms", "MB over idle", "refused", "failed", "over"],
  ["server CPU %", "others wait for CPU ms, p99", "at worst", "attacks/s", "ended", "audit KB/s"],
];
const directory = mkdtempSync(join(tmpdir(), "sshrpc-"));
const rows = [COLUMNS.flat()];

await cell("none", 0);
for (const attack of Object.keys(ATTACKS))
  if (attack.includes(values.only)) for (const keys of KEYS) await cell(attack, keys);
table(
  `a call beside attackers (${SECONDS} s each; bars: p99 ${BARS.p99} ms, login ${BARS.login} ms, ${BARS.memory} MB over idle, nothing refused or failed)`,
  rows.map((row) => row.slice(0, COLUMNS[0].length)),
);
rmSync(directory, { recursive: true });
process.exit(0);

/** Measures one attack with this many keys; a server that dies or hangs is the result, too. */
async function cell(attack, keys) {
  const programs = [];
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no result within ${LIMIT} ms`)), LIMIT);
  });
  const measured = measure(attack, keys, programs);
  measured.catch(() => undefined);
  try {
    rows.push([attack, keys, ...(await Promise.race([measured, late]))]);
  } catch (error) {
    rows.push([
      attack,
      keys,
      ...COLUMNS.flat()
        .slice(2)
        .map((name) => (name === "over" ? /** @type {Error} */ (error).message : "-")),
    ]);
  }
  clearTimeout(timer);
  for (const program of programs) program.kill("SIGKILL");
  console.log(rows.at(-1).join("  "));
}

async function measure(attack, count, programs) {
  const attackers = Array.from({ length: count }, () => generateKeyPair());
  const good = generateKeyPair();
  const audit = join(directory, `${rows.length}.log`);
  const lines = [good, ...attackers].map(({ publicKey }) => publicKey);
  const server = fork(new URL("server.js", import.meta.url), [audit, ...lines], {
    execArgv: ["--max-old-space-size=512"],
    stdio: ["ignore", "inherit", "ignore", "ipc"],
  });
  programs.push(server);
  const { port, hostKey } = await once(server);
  const connect = () =>
    /** @type {Promise<any>} */ (
      connectApi(fairnessApi, `ssh://good@127.0.0.1:${port}`, {
        identity: { privateKey: good.privateKey },
        hostKey,
        retries: 0,
        callbacks: { agent: { get: () => null } },
      })
    );
  const client = await connect();
  await client.echo.get({ value: 0 });
  const idle = await ask(server);
  // Each from a host of its own.
  const clients = attackers.map(({ privateKey }, at) =>
    fork(new URL("attacker.js", import.meta.url), [
      attack,
      String(port),
      privateKey,
      `127.0.0.${at + 2}`,
      String(count),
    ]),
  );
  programs.push(...clients);
  await Promise.all(clients.map(once));
  await new Promise((resolve) => setTimeout(resolve, count === 0 ? 0 : AHEAD));
  const before = await ask(server);
  const sizeBefore = statSync(audit).size;
  const start = performance.now();
  const end = start + SECONDS * 1000;
  const [times, logins] = [[], []];
  let [refused, failed] = [0, 0];
  const fail = ({ status }) => void (status === "RESOURCE_EXHAUSTED" ? refused++ : failed++);
  const calls = async () => {
    while (performance.now() < end) {
      const began = performance.now();
      await client.echo.get({ value: 42 }).catch(fail);
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const login = async () => {
    while (performance.now() < end) {
      const began = performance.now();
      const other = await connect().catch(fail);
      await other?.echo?.get({ value: 42 }).catch(fail);
      logins.push(performance.now() - began);
      await other?.close?.();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  await Promise.all([calls(), login()]);
  const elapsed = performance.now() - start;
  const after = await ask(server);
  const reports = await Promise.all(clients.map(ask));
  const size = statSync(audit).size;
  const total = (name) => reports.reduce((sum, report) => sum + report[name], 0);
  const memory = Math.max(0, Math.max(before.peak, after.peak) - idle.peak) / 1e6;
  const [p50, p99, slowest] = [quantile(times, 0.5), quantile(times, 0.99), Math.max(...logins)];
  const over = [
    p99 > BARS.p99 && "p99",
    slowest > BARS.login && "login",
    memory > BARS.memory && "memory",
    refused > 0 && "refused",
    failed > 0 && "failed",
  ];
  return [
    p50.toFixed(1),
    p99.toFixed(1),
    slowest.toFixed(0),
    memory.toFixed(0),
    refused,
    failed,
    over.filter(Boolean).join(" "),
    (((after.cpu - before.cpu) / elapsed) * 100).toFixed(0),
    after.delay.toFixed(1),
    after.worst.toFixed(1),
    Math.round(total("sent") / ((elapsed + (count === 0 ? 0 : AHEAD)) / 1000)),
    total("ends"),
    ((size - sizeBefore) / elapsed).toFixed(0),
  ];
}

async function ask(program) {
  program.send("report");
  return once(program);
}

/** The next message of a program; rejects if it ends before. */
function once(program) {
  return new Promise((resolve, reject) => {
    const ended = (code, signal) => reject(new Error(`${program.spawnargs[1]} ended with ${signal ?? code}`));
    program.once("exit", ended).once("message", (message) => {
      program.off("exit", ended);
      resolve(message);
    });
  });
}
