import { spawnSync } from "node:child_process";
import { it } from "vitest";

/** Whether a program that the tests do not bring along is there. */
function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

/**
 * Like vitest's `it`, for tests that need stock programs. Where one is missing the test is skipped, and its title says
 * which; in CI, which installs them, it fails.
 */
export function itWith(programs: readonly string[], title: string, test: () => void | Promise<void>): void {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) it(title, test);
  else if (process.env["CI"] === "true") {
    it(title, () => {
      throw new Error(`not installed: ${missing.join(", ")}`);
    });
  } else it.skip(`${title} (not installed: ${missing.join(", ")})`, test);
}
