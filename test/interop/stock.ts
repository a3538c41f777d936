import { spawnSync } from "node:child_process";
import { it } from "vitest";

/** The Python that loads the modules of Debian's packages. */
export const PYTHON = "/usr/bin/python3";

/** The Perl that loads the modules of Debian's packages. */
export const PERL = "/usr/bin/perl";

/** Debian's packages of Perl modules, and their modules. */
const PERL_MODULES: ReadonlyMap<string, string> = new Map([["libnet-ssh2-perl", "Net::SSH2"]]);

/** Whether a stock program is installed, or a Python or Perl module by the name of its Debian package. */
function isInstalled(program: string): boolean {
  const perlModule = PERL_MODULES.get(program);
  if (perlModule !== undefined) return spawnSync(PERL, [`-M${perlModule}`, "-e", "1"]).status === 0;
  const [, module] = /^python3-(\w+)$/.exec(program) ?? [];
  if (module !== undefined) {
    const find = `import importlib.util, sys; sys.exit(importlib.util.find_spec("${module}") is None)`;
    return spawnSync(PYTHON, ["-c", find]).status === 0;
  }
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

/** The programs that are not installed. In CI, which installs them, a missing one is an error. */
export function missingPrograms(programs: readonly string[]): readonly string[] {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length > 0 && process.env["CI"] === "true") throw new Error(`not installed: ${missing.join(", ")}`);
  return missing;
}

/**
 * Like vitest's `it`, for tests that need stock programs. If one is missing, the test is skipped and its title names it;
 * in CI, which installs them, the test fails.
 */
export function itWith(
  programs: readonly string[],
  title: string,
  test: () => void | Promise<void>,
  timeout?: number,
): void {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) it(title, test, timeout);
  else if (process.env["CI"] === "true") {
    it(title, () => {
      throw new Error(`not installed: ${missing.join(", ")}`);
    });
  } else it.skip(`${title} (not installed: ${missing.join(", ")})`, test);
}
