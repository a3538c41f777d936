// `npm run test:fast`: the unit, golden and type tests that start no process. Their imports tell which ones start one: a file that
// imports `node:child_process`, itself or through the helpers of the tests. Arguments go on to vitest.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const TESTS = join(ROOT, "test");
const FAST = ["unit", "golden"];

const files = FAST.flatMap((folder) =>
  readdirSync(join(TESTS, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(TESTS, folder, file)),
).sort();
const known = new Map();
const fast = files.filter((file) => !startsProcesses(file)).map((file) => relative(ROOT, file).replaceAll("\\", "/"));
console.log(
  `${fast.length} of ${files.length} unit and golden test files start no process; the others run in npm test`,
);
const vitest = [
  join(ROOT, "node_modules/vitest/vitest.mjs"),
  "run",
  "--mode",
  "compiled",
  ...fast,
  "test/types",
  ...process.argv.slice(2),
];
process.exitCode = spawnSync(process.execPath, vitest, { cwd: ROOT, stdio: "inherit" }).status ?? 1;

function startsProcesses(file) {
  if (!known.has(file)) {
    known.set(file, false); // For cycles of imports.
    const imports = [...readFileSync(file, "utf8").matchAll(/\b(?:from|import\()\s*"([^"]+)"/g)].map(
      ([, name]) => name,
    );
    const helpers = imports
      .filter((name) => name.startsWith("."))
      .map((name) => join(dirname(file), name.replace(/\.js$/, ".ts")))
      .filter((helper) => helper.startsWith(TESTS) && existsSync(helper));
    known.set(file, imports.includes("node:child_process") || helpers.some(startsProcesses));
  }
  return known.get(file);
}
