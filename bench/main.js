// `npm run bench`: sshrpc beside its peers. README.md of this folder says what it measures, and has all commands.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CELLS } from "./cells/cells.js";
import { install } from "./load/install.js";
import { runCells } from "./load/run.js";
import { judge, printBars } from "./report/bars.js";
import { writeChart } from "./report/chart.js";
import { GUARD_PEERS, printComparison } from "./report/compare.js";
import { machineLines } from "./report/machine.js";
import { printCell } from "./report/tables.js";

const USAGE = `npm run bench -- [--quick] [--full] [--only CELL,…] [--json FILE]
npm run bench -- compare BASELINE.json [RUN.json]
npm run bench -- chart RUN.json
npm run bench -- calls | streams | import | codegen | exec | guard | login | fairness [arguments]`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    quick: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    only: { type: "string" },
    json: { type: "string" },
  },
});
const [command, ...files] = positionals;
const single = fileURLToPath(new URL(`single/${command}/main.js`, import.meta.url));

if (command === undefined) save(await measureAll());
else if (command === "compare" && files.length > 0) await compare(files);
else if (command === "chart" && files.length === 1) writeChart(read(files[0]));
else if (/^\w+$/.test(command) && existsSync(single)) {
  process.exitCode = spawnSync(process.execPath, [single, ...process.argv.slice(3)], { stdio: "inherit" }).status ?? 1;
} else {
  console.error(USAGE);
  process.exitCode = 2;
}

async function measureAll() {
  const only = /** @type {string | undefined} */ (values.only)?.split(",");
  const cells = CELLS.filter(({ name }) => only === undefined || only.some((part) => matches(name, part)));
  if (cells.length === 0) {
    throw new Error(`no cell "${values.only}"; there are ${CELLS.map(({ name }) => name).join(", ")}`);
  }
  const run = await measure(cells, { full: values.full === true, some: only !== undefined });
  printBars(run);
  return { ...run, bars: judge(run) };
}

/** Whether `part` is the name of the cell, or of its family: what stands before the slash. */
function matches(name, part) {
  return name === part || name.split("/")[0] === part;
}

async function measure(cells, options) {
  install();
  for (const line of machineLines()) console.log(line);
  const start = performance.now();
  const run = await runCells(cells, { ...options, quick: values.quick === true }, printCell);
  console.log(`\nmeasured in ${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
  return run;
}

/** @param {string[]} files */
async function compare([baseline, current]) {
  const cells = CELLS.filter(({ isGuarded }) => isGuarded);
  const now = current === undefined ? await measure(cells, { peers: GUARD_PEERS, some: true }) : read(current);
  printComparison(read(baseline), now);
  save(now);
}

function read(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Six digits are more than a run can tell. */
function rounded(_key, value) {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}

function save(run) {
  if (typeof values.json === "string") writeFileSync(values.json, `${JSON.stringify(run, rounded, 2)}\n`);
}
