// `npm run test:chaos -- [--minutes N] [--seed N] [--clients N] [--keep] [--check DIR]`
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { check } from "./checker/check.js";
import { run } from "./run.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    clients: { type: "string", default: "10" },
    ledger: { type: "string", default: "file" },
    /** Keeps the files of the run; those of a run with violations are kept anyway. */
    keep: { type: "boolean", default: false },
    /** Checks the files of an earlier run. */
    check: { type: "string" },
  },
});
const [minutes, seed, clients] = [values.minutes, values.seed, values.clients].map(Number) as [number, number, number];
if (!(minutes > 0) || !Number.isSafeInteger(seed) || !Number.isSafeInteger(clients) || clients < 1) {
  process.stderr.write("usage: npm run test:chaos -- [--minutes N] [--seed N] [--clients N] [--keep] [--check DIR]\n");
  process.exit(2);
}
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const directory = values.check ?? mkdtempSync(join(tmpdir(), "sshrpc-chaos-"));
if (values.check === undefined) {
  print(`chaos: ${minutes} min, ${clients} clients, --seed ${seed}; files in ${directory}`);
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => interrupted.abort());
  const ledger = values.ledger === "memory" ? "memory" : "file";
  await run({ directory, duration: minutes * 60_000, seed, clients, ledger, print, signal: interrupted.signal });
  if (interrupted.signal.aborted) process.exit(130);
}
const { report, violations } = await check(directory);
print(report);
if (violations > 0) print(`the files of this run: ${directory}`);
else if (!values.keep && values.check === undefined) rmSync(directory, { recursive: true });
process.exit(violations > 0 ? 1 : 0);
