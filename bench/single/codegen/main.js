// Code generation for schemas of 100 and 1,000 methods, one file a resource, and for the example schema: cold, warm, with
// nothing to do, and what its output costs. Each figure stands beside its bar, which is for an idle machine.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Generator } from "../../../codegen/dist/generate.js";
import { cpu, median, table } from "../../measure.js";
import { schemaFiles } from "./schema.js";

const BIN = resolve("runtime/bin/sshrpc.js");
const TSC = resolve("node_modules/typescript-5/bin/tsc");
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const BARS = { 100: { cold: 1000, warm: 60 }, 1000: { cold: 2500, warm: 200 } };

for (const methods of [100, 1000]) {
  const room = mkdtempSync(join(tmpdir(), "sshrpc-bench-"));
  symlinkSync(resolve("node_modules"), join(room, "node_modules"));
  try {
    for (const [name, text] of schemaFiles(methods)) write(room, name, text);
    const first = medians(rounds(() => coldRun(room, { cache: false })));
    const cold = medians(rounds(() => coldRun(room, { cache: true })));
    const idle = medians(rounds(() => run(room)));
    const warm = medians(await warmRounds(room));
    const megabytes = statSync(join(room, "generated/validators.js")).size / 1e6;
    const bars = BARS[methods];
    table(`gen for ${methods} methods (median of ${ROUNDS})`, [
      ["", "measured", "CPU", "bar"],
      ["first: the whole process without its cache, ms", ...first, bars.cold],
      ["cold: the whole process, ms", ...cold, bars.cold],
      ["warm: from save to written, ms", ...warm, bars.warm],
      ["nothing to do: the whole process, ms", ...idle, 300],
      ["validators.js, MB", megabytes.toFixed(1), "-", 4],
      ["import of the client over the runtime's own, ms", ...importTimes(room), 30],
      ["instantiations of defineApi", instantiations(room), "-", methods === 1000 ? 100_000 : "-"],
    ]);
  } finally {
    rmSync(room, { recursive: true });
  }
}

function rounds(measure) {
  return Array.from({ length: ROUNDS }, measure);
}

function write(room, name, text) {
  mkdirSync(join(room, name, ".."), { recursive: true });
  writeFileSync(join(room, name), text);
}

/** The medians of the clock and of the CPU, as texts. */
function medians(times) {
  return ["wall", "cpu"].map((what) => median(times.map((time) => time[what])).toFixed(0));
}

/** The duration of a process and the CPU time of its threads, in ms. */
function timed(args, cwd) {
  const start = performance.now();
  // The shell knows what its children used: its last line is "0m1.200s 0m0.100s".
  const script = ["-c", '"$@" || exit; times', "sh", process.execPath, ...args];
  const { status, stdout, stderr } = spawnSync("sh", script, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const wall = performance.now() - start;
  const used = [
    ...stdout
      .trim()
      .split("\n")
      .at(-1)
      .matchAll(/(\d+)m([\d.]+)s/g),
  ];
  return {
    wall,
    cpu: used.reduce((sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1000, 0),
  };
}

function coldRun(room, { cache }) {
  rmSync(join(room, "generated"), { recursive: true, force: true });
  if (!cache) rmSync(join(room, "node_modules/.cache/sshrpc"), { recursive: true, force: true });
  return run(room);
}

function run(room) {
  return timed([BIN, "gen"], room);
}

/** Changes one method with every save. */
async function warmRounds(room) {
  const generator = new Generator({ cwd: room });
  await generator.run();
  const file = join(room, "schema/item1.ts");
  const source = readFileSync(file, "utf8");
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    writeFileSync(file, source.replace("note: Type", `extra${round}: Type.String(), note: Type`));
    const start = { wall: performance.now(), cpu: cpu() };
    const { written } = await generator.run();
    if (written.length === 0) throw new Error("nothing was written");
    times.push({ wall: performance.now() - start.wall, cpu: cpu() - start.cpu });
  }
  await generator.close();
  return times;
}

/** Imports of api.js with its validators, above those of the runtime. */
function importTimes(room) {
  const load = (code) => rounds(() => timed(["--input-type=module", "-e", code], room));
  const runtime = 'await import("sshrpc/generated");';
  const [both, own] = [`${runtime} await import("./generated/api.js");`, runtime].map((code) => medians(load(code)));
  return both.map((time, index) => (time - own[index]).toFixed(0));
}

/** What the checker instantiates for defineApi, above the same schema without it. */
function instantiations(room) {
  const count = (name) => {
    const options = { noEmit: true, strict: true, module: "nodenext", target: "es2023", skipLibCheck: true, types: [] };
    write(room, "tsconfig.json", JSON.stringify({ compilerOptions: options, files: [`schema/${name}.ts`] }));
    const report = execFileSync(process.execPath, [TSC, "-p", ".", "--extendedDiagnostics"], {
      cwd: room,
      encoding: "utf8",
    });
    return Number(/Instantiations:\s+(\d+)/.exec(report)?.[1]);
  };
  const text = readFileSync(join(room, "schema/api.ts"), "utf8");
  write(room, "schema/bare.ts", text.replace("defineApi({", "({"));
  return count("api") - count("bare");
}
