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
npm run bench -- calls | streams | import | codegen | exec | guard | login | observe | fairness [arguments]`;

const OPTIONS = /** @type {const} */ ({
  quick: { type: "boolean", default: false },
  full: { type: "boolean", default: false },
  only: { type: "string" },
  json: { type: "string" },
});

const [first, ...rest] = process.argv.slice(2);
const single = fileURLToPath(new URL(`single/${first}/main.js`, import.meta.url));
if (/^\w+$/.test(first) && existsSync(single)) {
  process.exitCode = spawnSync(process.execPath, [single, ...rest], { stdio: "inherit" }).status ?? 1;
} else await main(parse());

/** The arguments; undefined if they are invalid. */
function parse() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    return undefined;
  }
}

/** @param {ReturnType<typeof parse>} parsed */
async function main(parsed) {
  const { values, positionals } = parsed ?? { positionals: ["help"] };
  const [command, ...files] = positionals;
  if (command === undefined) save(await measureAll(values), values);
  else if (command === "compare" && (files.length === 1 || files.length === 2))
    save(await compare(files, values), values);
  else if (command === "chart" && files.length === 1) writeChart(read(files[0]));
  else {
    console.error(USAGE);
    process.exitCode = 2;
  }
}

async function measureAll({ only: names, quick, full }) {
  const only = names?.split(",");
  const cells = CELLS.filter(({ name }) => only === undefined || only.some((part) => matches(name, part)));
  if (cells.length === 0) {
    console.error(`unknown cell "${names}"; known cells: ${CELLS.map(({ name }) => name).join(", ")}`);
    process.exit(2);
  }
  const run = await measure(cells, { quick, full, some: only !== undefined });
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
  const run = await runCells(cells, options, printCell);
  console.log(`\nmeasured in ${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
  return run;
}

/** @param {string[]} files the baseline, and a run to compare with it; without one, a run is made */
async function compare([baseline, current], { quick }) {
  const cells = CELLS.filter(({ isGuarded }) => isGuarded);
  const now = current === undefined ? await measure(cells, { quick, peers: GUARD_PEERS, some: true }) : read(current);
  printComparison(read(baseline), now);
  return now;
}

function read(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Six digits are more than a run can tell. */
function rounded(_key, value) {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}

function save(run, { json }) {
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(run, rounded, 2)}\n`);
}
