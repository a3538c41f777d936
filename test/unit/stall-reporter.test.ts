import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const run = promisify(execFile);
const TESTS = fileURLToPath(new URL("..", import.meta.url));
const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

const CONFIG = `import { endStalledRuns } from "../stall-reporter.js";
export default { plugins: [endStalledRuns({ limit: 1000 })], test: { include: ["*.example.ts"] } };
`;

const BLOCKED = {
  "that waits": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
  "that loops": "(() => { for (;;); })()",
};

test.each(Object.entries(BLOCKED))(
  "a run with a worker %s forever exits with status 1 and names the test file",
  async (_, code) => {
    const folder = mkdtempSync(join(TESTS, ".tmp-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "vitest.config.ts"), CONFIG);
    writeFileSync(
      join(folder, "blocked.example.ts"),
      `import { test } from "vitest";\ntest("blocks its thread", () => void ${code});\n`,
    );
    const ended = run(process.execPath, [VITEST, "run", "--reporter=json"], { cwd: folder, timeout: 50_000 });
    const failure = await ended.catch((error: { code: number; stderr: string }) => error);
    expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining("blocked.example.ts: its worker hangs") });
    // Nothing of the run remains: a worker that loops would take a processor for itself.
    expect(processesIn(folder)).toEqual([]);
  },
);

/** The processes whose working folder this is; none where the system has no /proc. */
function processesIn(folder: string): string[] {
  const names = existsSync("/proc/self/cwd") ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : [];
  return names.filter((name) => {
    try {
      return readlinkSync(`/proc/${name}/cwd`) === folder;
    } catch {
      return false; // It has ended, or belongs to another user.
    }
  });
}
