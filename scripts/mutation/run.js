// `npm run test:mutation`: changes the sources in one place at a time, and runs the tests that execute the changed line. A mutant
// that no test notices survives: a test is missing there, or the change makes no difference (`equivalent.json` lists these, with
// the reason). Works in copies of the repository, and writes coverage/mutation.json. A run that was interrupted, or that is repeated
// with a larger count, takes what earlier runs of the same files have found from coverage/mutation/.
//
//   --count N    mutants; default 200
//   --seed N     which ones; default 1
//   --only PATH  sources below this path alone; default all of runtime/src and codegen/src
//   --tests PATH tests below this path alone; may be repeated; default all
//   --jobs N     mutants at a time, each in a copy of its own; default half of the processors
//   --minutes N  starts no further mutant after this time; default 600
//   --help       prints these lines
//
// Stryker has no seeded sample: it would run all of about 10,000 mutants, and does not see the programs that tests start.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { coverageMap, testsFor } from "./coverage-map.js";
import { filesOf, shuffled } from "./files.js";
import { mutantsOf } from "./mutants.js";
import { printReport } from "./report.js";
import { MutationState } from "./state.js";
import { Workplace } from "./workplace.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const EQUIVALENT = JSON.parse(readFileSync(new URL("equivalent.json", import.meta.url), "utf8"));
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
    jobs: { type: "string", default: `${Math.ceil(availableParallelism() / 2)}` },
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
const files = filesOf(ROOT);
const workplaces = [];
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    for (const workplace of workplaces) workplace.remove();
    process.exit(1);
  });
}
try {
  const outcomes = await run();
  mkdirSync(join(ROOT, "coverage"), { recursive: true });
  writeFileSync(join(ROOT, "coverage/mutation.json"), `${JSON.stringify(outcomes, undefined, 2)}\n`);
  printReport(outcomes);
} finally {
  for (const workplace of workplaces) workplace.remove();
}

async function newWorkplace() {
  const workplace = new Workplace(ROOT, files);
  workplaces.push(workplace);
  if ((await workplace.compile()).status !== 0) throw new Error("the sources do not compile");
  return workplace;
}

async function run() {
  const state = new MutationState(ROOT, files, values.tests);
  const first = await newWorkplace();
  const record = () => {
    return coverageMap(first.folder, values.tests, (args, env) => first.vitest(args, { env, stdio: "inherit" }));
  };
  const map = await state.map(record);
  console.log(`${map.length} test files pass; they run in ${seconds(map)} s together`);

  const isChosen = (file) => values.only === "" || `${file}/`.startsWith(values.only.replace(/\/*$/, "/"));
  const sources = files.filter((file) => /^(runtime|codegen)\/src\/.*\.ts$/.test(file) && isChosen(file));
  const all = sources.flatMap((file) => {
    const source = readFileSync(join(first.folder, file), "utf8");
    return mutantsOf(file, source).map((mutant) => ({ file, source, ...mutant }));
  });
  console.log(`${all.length} mutants in ${sources.length} files; seed ${values.seed}`);

  const count = Number(values.count);
  const mutants = shuffled(all, Number(values.seed)).entries();
  /** By place in the order. A mutant that does not compile has none: further ones take its place. */
  const outcomes = new Map();
  let running = 0;
  const work = async (workplace) => {
    while (outcomes.size + running < count && Date.now() < end) {
      const { value: next } = mutants.next();
      if (next === undefined) return;
      const [place, { source, ...mutant }] = next;
      const started = Date.now();
      running++;
      const outcome = await state.outcome(mutant, () => tried(mutant, source, { workplace, map }));
      running--;
      if (outcome === null) continue;
      outcomes.set(place, { ...mutant, ...outcome });
      const time = Math.round((Date.now() - started) / 1000);
      console.log(`${outcomes.size}. ${outcome.outcome} (${time} s) ${describe(mutant)}${outcome.by ?? ""}`);
    }
  };
  const others = Array.from({ length: Math.min(Number(values.jobs), count) - 1 }, async () =>
    work(await newWorkplace()),
  );
  await Promise.all([work(first), ...others]);
  return [...outcomes].sort(([a], [b]) => a - b).map(([, outcome]) => outcome);
}

async function tried(mutant, source, { workplace, map }) {
  const path = join(workplace.folder, mutant.file);
  writeFileSync(path, source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end));
  const judged = await judge(mutant, source, { workplace, map });
  writeFileSync(path, source);
  return judged;
}

/** What becomes of the mutant that is in place; undefined for one that does not compile: the compiler notices it. */
async function judge(mutant, source, { workplace, map }) {
  if ((await workplace.compile()).status !== 0) return undefined;
  const tests = testsFor(map, mutant);
  if (tests.length === 0) return { outcome: "not covered" };
  let [first, sum] = [0, 0];
  while (first < tests.length && sum < FIRST) sum += tests[first++].duration;
  for (const part of [tests.slice(0, first), tests.slice(first)]) {
    if (part.length === 0) continue;
    const names = part.map(({ test }) => test);
    const timeout = START + SLOWER * 1000 * seconds(part);
    // The compiled packages hold the mutant, too, and load faster.
    const args = ["--mode", "compiled", "--bail=1", "--typecheck.enabled=false", ...names];
    const { status, output } = await workplace.vitest(args, { timeout });
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
