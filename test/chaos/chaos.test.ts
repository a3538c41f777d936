import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sshrpc } from "../unit/runtime/cli/run.js";
import { SEED } from "../unit/runtime/wire/random.js";
import { check } from "./checker/check.js";
import { ENTRY, FOLLOW, PAYMENT, READ, SETTING, UPLOAD } from "./history/effect.js";
import type { Fault } from "./history/fault.js";
import { run } from "./run.js";

/** How long faults happen, in ms. `npm run test:chaos` runs for longer. */
const DURATION = 30_000;

test("the generated files of this test are current", async () => {
  const paths = ["--schema", "test/chaos/schema/api.ts", "--out", "test/chaos/generated"];
  const { status, stderr } = await sshrpc(["gen", "--check", ...paths], { cwd: process.cwd() });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test(`ten clients and a server keep all promises while processes are killed and stopped, and connections cut (TEST_SEED=${SEED})`, {
  timeout: 900_000,
}, async ({ signal }) => {
  const directory = mkdtempSync(join(tmpdir(), "sshrpc-chaos-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  await run({ directory, duration: DURATION, seed: SEED, clients: 10, ledger: "file", print: () => undefined, signal });
  const { report, violations } = await check(directory);
  console.log(report);
  expect(violations, report).toBe(0);
  const faults = readFileSync(join(directory, "faults.jsonl"), "utf8").trim().split("\n");
  const kinds = faults
    .map((line) => JSON.parse(line) as Fault)
    .map(({ kind, target }) => `${kind} ${target.split("-")[0]}`);
  for (const kind of ["kill server", "stop server", "kill client", "stop client", "cut link"])
    expect(kinds).toContain(kind);
  for (const method of [ENTRY, PAYMENT, SETTING, READ, FOLLOW]) expect(report).toMatch(succeeded(method));
  for (const method of [ENTRY, PAYMENT, UPLOAD]) expect(report).toMatch(succeeded(`${method}, key given`));
});

/** The row of calls of which some succeeded. */
function succeeded(name: string): RegExp {
  return new RegExp(`^${name.replaceAll(/[{}]/g, "\\$&")} +[1-9]`, "m");
}
