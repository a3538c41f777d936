// A setup file of vitest: records which source lines a test file executes, in its worker and in the programs that it starts.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { executedLines } from "./executed-lines.js";

const INLINE_MAP = /^\/\/# sourceMappingURL=data:application\/json;[^,]*base64,(\S+)\s*$/m;
const ROOT = process.cwd();
const out = process.env.MUTATION_COVERAGE;
const session = new Session();
session.connect();
/** Commands of a session in the same thread call back at once. */
const post = (method, parameters) => {
  let answer;
  session.post(method, parameters, (error, result) => {
    if (error !== null) throw new Error(`${method}: ${error.message}`);
    answer = result;
  });
  return answer;
};
post("Profiler.enable");
post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
const started = performance.now();

beforeAll(() => {
  const children = join(out, key());
  mkdirSync(children, { recursive: true });
  process.env.NODE_V8_COVERAGE = children;
});

afterAll(() => {
  const { result } = post("Profiler.takePreciseCoverage");
  post("Debugger.enable");
  const lines = {};
  for (const { scriptId, url, functions } of result) {
    const file = relative(ROOT, url.replace(/^file:\/\//, "").replace(/\?.*$/, ""));
    if (!/^(runtime|codegen)\/src\/.*\.ts$/.test(file)) continue;
    const { scriptSource } = post("Debugger.getScriptSource", { scriptId });
    const inline = INLINE_MAP.exec(scriptSource)?.[1];
    if (inline === undefined) throw new Error(`${file}: vitest gave it no source map`);
    lines[file] = executedLines(functions, scriptSource, JSON.parse(Buffer.from(inline, "base64").toString()));
  }
  session.disconnect();
  const report = { test: testFile(), duration: Math.round(performance.now() - started), lines };
  writeFileSync(join(out, `${key()}.json`), JSON.stringify(report));
});

function testFile() {
  return relative(ROOT, expect.getState().testPath);
}

function key() {
  return createHash("sha256").update(testFile()).digest("hex").slice(0, 16);
}
