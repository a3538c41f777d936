// `npm run test:mutation`: changes the sources in one place at a time, and runs the tests that execute the changed line. A mutant
// that no test notices survives: a test is missing there, or the change makes no difference (`equivalent.json` lists these, with
// the reason). Works in a copy of the repository, and writes coverage/mutation.json. A run that was interrupted, or that is repeated
// with a larger count, takes what earlier runs of the same files have found from coverage/mutation/.
//
//   --count N    mutants; default 200
//   --seed N     which ones; default 1
//   --only PATH  sources below this path alone; default all of runtime/src and codegen/src
//   --tests PATH tests below this path alone; may be repeated; default all
//   --minutes N  starts no further mutant after this time; default 600
//   --help       prints these lines
//
// Stryker has no seeded sample: it would run all of about 10,000 mutants, and does not see the programs that tests start.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { coverageMap, testsFor } from "./coverage-map.js";
import { filesOf, shuffled } from "./files.js";
import { mutantsOf } from "./mutants.js";
import { printReport } from "./report.js";
import { MutationState } from "./state.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const EQUIVALENT = JSON.parse(readFileSync(new URL("equivalent.json", import.meta.url), "utf8"));
/** Tests that only check how the repository is packed, or themselves. */
const NOT_RUN = ["test/package/**", "test/layers/**", "test/types/**", "test/unit/stall-reporter.test.ts"];
/** Milliseconds of tests in the first of two runs of a mutant: the nearest tests notice most. */
const FIRST = 15_000;
/** A run with a mutant may take so many times what its tests took before, and this many ms more. */
const [SLOWER, START] = [4, 60_000];

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    tests: { type: "string", multiple: true, default: ["test"] },
    minutes: { type: "string", default: "600" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  const [comment] = readFileSync(new URL(import.meta.url), "utf8").split("\nimport ");
  console.log(comment.replace(/^\/\/ ?/gm, ""));
  process.exit();
}
const end = Date.now() + Number(values.minutes) * 60_000;
const copy = realpathSync(mkdtempSync(join(tmpdir(), "sshrpc-mutation-")));
/** The program that runs in the copy. */
let running;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    if (running !== undefined) process.kill(-running.pid, "SIGKILL");
    rmSync(copy, { recursive: true, force: true });
    process.exit(1);
  });
}
try {
  const outcomes = await run();
  mkdirSync(join(ROOT, "coverage"), { recursive: true });
  writeFileSync(join(ROOT, "coverage/mutation.json"), `${JSON.stringify(outcomes, undefined, 2)}\n`);
  printReport(outcomes);
} finally {
  rmSync(copy, { recursive: true, force: true });
}

async function run() {
  const files = filesOf(ROOT);
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
  for (const folder of ["node_modules", "runtime/node_modules", "codegen/node_modules"])
    cpSync(join(ROOT, folder), join(copy, folder), { recursive: true, verbatimSymlinks: true, force: false });
  if ((await compile()).status !== 0) throw new Error("the sources do not compile");
  const state = new MutationState(ROOT, files, values.tests);
  const record = () => coverageMap(copy, values.tests, (args, env) => vitest(args, { env, stdio: "inherit" }));
  const map = await state.map(record);
  console.log(`${map.length} test files pass; they run in ${seconds(map)} s together`);

  const isChosen = (file) => values.only === "" || `${file}/`.startsWith(values.only.replace(/\/*$/, "/"));
  const sources = files.filter((file) => /^(runtime|codegen)\/src\/.*\.ts$/.test(file) && isChosen(file));
  const all = sources.flatMap((file) => {
    const source = readFileSync(join(copy, file), "utf8");
    return mutantsOf(file, source).map((mutant) => ({ file, source, ...mutant }));
  });
  console.log(`${all.length} mutants in ${sources.length} files; seed ${values.seed}`);
  const outcomes = [];
  for (const { source, ...mutant } of shuffled(all, Number(values.seed))) {
    if (outcomes.length === Number(values.count) || Date.now() > end) break;
    const started = Date.now();
    const path = join(copy, mutant.file);
    const outcome = await state.outcome(mutant, async () => {
      writeFileSync(path, source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end));
      const judged = await judge(mutant, source, map);
      writeFileSync(path, source);
      return judged;
    });
    if (outcome === null) continue;
    outcomes.push({ ...mutant, ...outcome });
    const time = Math.round((Date.now() - started) / 1000);
    console.log(`${outcomes.length}. ${outcome.outcome} (${time} s) ${describe(mutant)}${outcome.by ?? ""}`);
  }
  return outcomes;
}

/** What becomes of the mutant that is in place; undefined for one that does not compile: the compiler notices it. */
async function judge(mutant, source, map) {
  if ((await compile()).status !== 0) return undefined;
  const tests = testsFor(map, mutant);
  if (tests.length === 0) return { outcome: "not covered" };
  let [first, sum] = [0, 0];
  while (first < tests.length && sum < FIRST) sum += tests[first++].duration;
  for (const part of [tests.slice(0, first), tests.slice(first)]) {
    if (part.length === 0) continue;
    const names = part.map(({ test }) => test);
    const timeout = START + SLOWER * 1000 * seconds(part);
    const args = ["--bail=1", "--typecheck.enabled=false", "--experimental.fsModuleCache", ...names];
    const { status, output } = await vitest(args, { timeout });
    if (status === undefined) return { outcome: "killed", by: " (by a timeout)" };
    if (status !== 0) return { outcome: "killed", by: ` (by ${/FAIL\s+(\S+)/.exec(output)?.[1] ?? "a failed run"})` };
  }
  const line = source.split("\n")[mutant.line - 1].trim();
  const known = EQUIVALENT.find(({ file, line: text, change }) => {
    return file === mutant.file && text === line && change === changeOf(mutant);
  });
  return known === undefined ? { outcome: "survived" } : { outcome: "equivalent", reason: known.reason };
}

function changeOf({ from, text }) {
  return `${from} -> ${text}`;
}

function describe(mutant) {
  return `${mutant.file}:${mutant.line}: ${changeOf(mutant).replace(/\s+/g, " ").slice(0, 100)}`;
}

function seconds(tests) {
  return Math.ceil(tests.reduce((sum, { duration }) => sum + duration, 0) / 1000);
}

function compile() {
  return program([join(copy, "node_modules/.bin/tsc"), "-b", "runtime", "codegen"], {});
}

function vitest(args, options) {
  const excluded = NOT_RUN.flatMap((pattern) => ["--exclude", pattern]);
  return program([join(copy, "node_modules/vitest/vitest.mjs"), "run", ...excluded, ...args], options);
}

/**
 * Runs a program of Node in the copy. Its status is undefined if the timeout, in ms, ended it.
 * @param {string[]} args
 * @param {{ env?: object, stdio?: "pipe" | "inherit" | "ignore", timeout?: number }} options
 * @returns {Promise<{ status: number | undefined, output: string }>}
 */
function program(args, { env = {}, stdio = "pipe", timeout }) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: copy,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", stdio, stdio],
      detached: true, // A process group of its own, so that a timeout also ends the programs that tests have started.
    });
    running = child;
    const timer = timeout === undefined ? undefined : setTimeout(() => process.kill(-child.pid, "SIGKILL"), timeout);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => {
        output = (output + chunk).slice(-100_000);
      });
    }
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      running = undefined;
      resolve({ status: signal === null ? code : undefined, output });
    });
  });
}
