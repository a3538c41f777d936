import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const run = promisify(execFile);
const TESTS = fileURLToPath(new URL("..", import.meta.url));
const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

const CONFIG = `import { endStalledRuns } from "../stall-reporter.js";
export default { plugins: [endStalledRuns({ limit: 3000 })], test: { include: ["*.example.ts"] } };
`;

const BLOCKED = `import { test } from "vitest";
test("blocks its thread", () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
`;

test("a run with a blocked worker exits with status 1 and names the test file", async () => {
  const folder = mkdtempSync(join(TESTS, ".tmp-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "vitest.config.ts"), CONFIG);
  writeFileSync(join(folder, "blocked.example.ts"), BLOCKED);
  const ended = run(process.execPath, [VITEST, "run", "--reporter=json"], { cwd: folder, timeout: 50_000 });
  const failure = await ended.catch((error: { code: number; stderr: string }) => error);
  expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining("blocked.example.ts: its worker hangs") });
});
