// The import time above bare Node, in separate interleaved processes.
import { execFileSync } from "node:child_process";
import { median, table } from "../../measure.js";

const ROUNDS = 15;
const IMPORTS = {
  "(bare node)": "",
  "sshrpc/client": 'await import("sshrpc/client");',
  "sshrpc/generated": 'await import("sshrpc/generated");',
  "sshrpc/generated, and ssh2 as connect loads it": 'await import("sshrpc/generated"); await import("ssh2");',
  "sshrpc/server": 'await import("sshrpc/server");',
};

const times = Object.fromEntries(Object.keys(IMPORTS).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, code] of Object.entries(IMPORTS)) {
    const start = performance.now();
    execFileSync(process.execPath, ["--input-type=module", "-e", code || "0"]);
    times[name].push(performance.now() - start);
  }
}
const bare = median(times["(bare node)"]);
table(`importing (median of ${ROUNDS})`, [
  ["", "ms", "over bare node"],
  ...Object.entries(times).map(([name, all]) => [name, median(all).toFixed(0), (median(all) - bare).toFixed(0)]),
]);
