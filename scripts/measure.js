// `npm run measure`: the size and shape of the source tree, and how many files the main paths pass through, each beside its
// target. Needs a compiled tree (`npm run compile`) and, for the command's row, the program `ssh`. `--list` names what
// counts.
import { basename, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { tracePaths } from "./trace-paths.js";
import {
  booleanParameters,
  folderCycles,
  fullestFolders,
  longLists,
  outsideWrites,
  privateState,
  readTree,
  smallFiles,
  testFiles,
  unusedExports,
} from "./tree.js";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const packages = [readTree("runtime"), readTree("codegen")];
const [runtime] = packages;
const verbose = process.argv.includes("--list");

/** Prints one row; with `--list`, also what it counts. */
function row(measure, value, target, items = []) {
  console.log(`${measure.padEnd(66)} ${String(value).padStart(14)}   ${target}`);
  if (verbose) for (const item of items) console.log(`    ${item}`);
}

const lines = packages.flatMap(({ files }) => files.map((file) => file.getFullText().trimEnd().split("\n").length));
const sorted = lines.toSorted((a, b) => a - b);
console.log(`${"measure".padEnd(66)} ${"now".padStart(14)}   to reach`);
row(
  "source files; lines: median, largest",
  `${lines.length}; ${sorted[Math.floor(lines.length / 2)]}, ${sorted.at(-1)}`,
  "largest < 250",
);
const cycles = packages.flatMap(folderCycles);
row("cycles of folders that import each other", cycles.length, "<= 3", cycles);
const full = packages.flatMap(({ name, ...rest }) =>
  fullestFolders(rest).map(([folder, count]) => [`${name}/src/${folder}`, count]),
);
const fullest = full.filter(([folder]) => basename(folder) !== "wire").sort(([, a], [, b]) => b - a);
row(
  "files in the fullest folder; in wire",
  `${fullest[0][1]}; ${full.find(([folder]) => basename(folder) === "wire")[1]}`,
  "<= 16; <= 24",
  fullest.slice(0, 8).map(([folder, count]) => `${count} ${folder}`),
);
const long = packages.flatMap(longLists);
const booleans = packages.flatMap(booleanParameters);
row("functions with five positional parameters or more", long.length, "<= 6", long);
row("boolean parameters of functions that other code calls", booleans.length, "<= 5", booleans);
const patched = privateState(runtime);
const folders = [...new Set(patched.map((file) => /^ssh\/[^/]+/.exec(file)[0]))];
row(
  "files, folders below ssh/ that touch private state of ssh2",
  `${patched.length}, ${folders.length}`,
  "1 folder",
  patched,
);
const outside = packages.flatMap(outsideWrites);
row("fields set from outside after construction", outside.length, "0", outside);
const { files: tests, internal } = testFiles();
row(
  "test files that import internals, of all",
  `${internal.length} of ${tests.length}`,
  "<= 80",
  internal.map((file) => relative(ROOT, file)),
);
const unused = unusedExports(packages);
row("exported names that no other file imports", unused.length, "0", unused);
const small = smallFiles(packages);
row("files of at most 12 lines with one importer", small.length, "0", small);
for (const { measure, files, calls, target, list } of await tracePaths())
  row(measure, `${files} (${calls})`, target, list);
