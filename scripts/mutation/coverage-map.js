// Which test files execute which lines: one run of all tests that records it.
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { executedLines } from "./executed-lines.js";

/**
 * Runs the tests in a copy of the repository and returns, for each that passed,
 * `{ test, duration, lines: { "runtime/src/…": [1, 2, …] } }`, the duration in ms.
 *
 * @param vitest runs vitest with these arguments and environment
 */
export async function coverageMap(copy, paths, vitest) {
  const records = join(copy, "coverage/records");
  const results = join(copy, "coverage/results.json");
  mkdirSync(records, { recursive: true });
  const config = ["--config", "scripts/mutation/vitest.config.ts"];
  await vitest([...config, "--reporter=default", "--reporter=json", `--outputFile.json=${results}`, ...paths], {
    MUTATION_COVERAGE: records,
  });
  const { testResults } = JSON.parse(readFileSync(results, "utf8"));
  const failed = testResults.filter(({ status }) => status !== "passed").map(({ name }) => relative(copy, name));
  for (const file of failed) console.log(`${file}: fails without a mutant; it kills none`);
  return readdirSync(records)
    .filter((file) => file.endsWith(".json"))
    .map((file) => {
      const record = JSON.parse(readFileSync(join(records, file), "utf8"));
      addPrograms(record.lines, join(records, file.replace(/\.json$/, "")), copy);
      return record;
    })
    .filter(({ test }) => !failed.includes(test));
}

/** Adds the lines that the programs which a test file started have executed. They run the compiled packages. */
function addPrograms(lines, folder, copy) {
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder)) {
    let result;
    try {
      ({ result } = JSON.parse(readFileSync(join(folder, file), "utf8")));
    } catch {
      continue; // The program was killed while it wrote.
    }
    for (const { url, functions } of result) {
      if (!url.startsWith("file://")) continue;
      const script = fileURLToPath(url);
      const source = /^((?:runtime|codegen)\/)dist(\/.*)\.js$/.exec(relative(copy, script));
      if (source === null || !existsSync(`${script}.map`)) continue;
      const map = JSON.parse(readFileSync(`${script}.map`, "utf8"));
      const name = `${source[1]}src${source[2]}.ts`;
      const executed = executedLines(functions, readFileSync(script, "utf8"), map);
      lines[name] = [...new Set([...(lines[name] ?? []), ...executed])];
    }
  }
}

/** The test files of a map that execute a line: those of the mutated file's own folder first, then the fast ones. */
export function testsFor(map, { file, line }) {
  const folder = file.replace(/^(runtime|codegen)\/src\//, "test/unit/$1/").replace(/\.ts$/, "");
  const near = ({ test }) => commonParts(folder.split("/"), test.replace(/\.test\.ts$/, "").split("/"));
  return map
    .filter(({ lines }) => lines[file]?.includes(line))
    .sort((a, b) => near(b) - near(a) || a.duration - b.duration);
}

function commonParts(one, other) {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at < 0 ? one.length : at;
}
