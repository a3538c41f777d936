import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rounds } from "../rounds.js";
import { bundle } from "../support/bundle.js";

/** The report of the child process, one line of JSON. */
interface Report {
  readonly calls: number;
  /** Bytes of memory that the accounts still count. */
  readonly bytes: number;
  readonly listeners: number;
  readonly timers: number;
  readonly grown: number;
  readonly kept: number;
  readonly unfinished: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly before: number;
  readonly after: number;
}

const DIRECTORY = mkdtempSync(join(tmpdir(), "sshrpc-"));
const CHILD = join(DIRECTORY, "leaks-child.mjs");

beforeAll(() => bundle(fileURLToPath(new URL("leaks-child.ts", import.meta.url)), CHILD));
afterAll(() => rmSync(DIRECTORY, { recursive: true }));

/** A separate process: its garbage collector can be called, and only its own memory is measured. */
async function run(how: string, total: number): Promise<Report> {
  const child = spawn(process.execPath, ["--expose-gc", CHILD, how, String(total)], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 120_000,
  });
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(code).toBe(0);
  return JSON.parse(out);
}

/** The child abandons so many calls at once. */
const AT_ONCE = 100;
const STREAMS = rounds(100, 5) * AT_ONCE;
const CALLS = rounds(1000, 5) * AT_ONCE;

test.each(["break", "cancel", "signal", "deadline", "never iterated", "request", "lost"])(
  `${STREAMS} abandoned streams leak nothing (%s)`,
  async (how) => {
    const report = await run(how, STREAMS);
    expect(report).toMatchObject({ calls: 0, bytes: 0, listeners: 0, timers: 0, unfinished: 0, kept: 0 });
    expect(Object.values(report.statuses).reduce((sum, count) => sum + count, 0)).toBe(STREAMS);
    if (how === "break") expect(report.grown).toBeGreaterThan(0);
    // A leaked call would take about 5 kB: 50 MB for all of them, 2.5 MB in a short run.
    expect(report.after - report.before).toBeLessThan(STREAMS < 10_000 ? 1_500_000 : 6_000_000);
  },
  120_000,
);

test(`${CALLS} calls of every kind, cancelled at random times, do not grow the memory`, async () => {
  const report = await run("random", CALLS);
  expect(report).toMatchObject({ calls: 0, bytes: 0, listeners: 0, timers: 0, unfinished: 0, kept: 0 });
  expect(report.statuses["CANCELLED"]).toBeGreaterThan(0.3 * CALLS);
  expect(report.statuses["OK"]).toBeGreaterThan(0.01 * CALLS);
  // A leaked call would take about 5 kB.
  expect(report.after - report.before).toBeLessThan(1_500_000);
}, 120_000);
