// Code generation for the example schema: a cold start of the process, and a warm run after a save.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Generator } from "../codegen/dist/generate.js";
import { median, table } from "./measure.js";

const ROUNDS = 9;
const room = mkdtempSync(join(import.meta.dirname, ".gen-"));
try {
  cpSync("schema", join(room, "schema"), { recursive: true });
  table(`gen for the example schema (median of ${ROUNDS})`, [
    ["", "ms"],
    ["cold: the whole process", median(Array.from({ length: ROUNDS }, cold)).toFixed(0)],
    ["warm: from save to written", median(await warm()).toFixed(0)],
  ]);
} finally {
  rmSync(room, { recursive: true });
}

function cold() {
  rmSync(join(room, "generated"), { recursive: true, force: true });
  const start = performance.now();
  execFileSync(process.execPath, [resolve("runtime/bin/sshrpc.js"), "gen"], { cwd: room });
  return performance.now() - start;
}

/** Adds a field to a type with every save. */
async function warm() {
  const generator = new Generator({ cwd: room });
  await generator.run();
  const file = join(room, "schema/notes.ts");
  const source = readFileSync(file, "utf8");
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    writeFileSync(file, source.replace("id: NoteId,", `id: NoteId, extra${round}: Type.String(),`));
    const start = performance.now();
    const { written } = await generator.run();
    if (written.length === 0) throw new Error("nothing was written");
    times.push(performance.now() - start);
  }
  return times;
}
