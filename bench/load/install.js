import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../", import.meta.url));

/** Installs the peers once, and generates the code of the schema. */
export function install() {
  if (changed(`${FOLDER}package-lock.json`) > changed(`${FOLDER}node_modules/.package-lock.json`)) {
    console.log("installing the peers in bench/node_modules (npm ci)");
    run(process.platform === "win32" ? "npm.cmd" : "npm", [
      "ci",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--silent",
    ]);
  }
  run(process.execPath, [fileURLToPath(new URL("../../runtime/bin/sshrpc.js", import.meta.url)), "gen"]);
}

function run(program, words) {
  execFileSync(program, words, { cwd: FOLDER, stdio: ["ignore", "ignore", "inherit"] });
}

/** When a file was changed; 0 if it does not exist. */
function changed(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
