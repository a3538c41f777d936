import { spawnSync } from "node:child_process";
import { it } from "vitest";

/** The Python that loads the modules of Debian's packages. */
export const PYTHON = "/usr/bin/python3";

/** The Perl that loads the modules of Debian's packages. */
export const PERL = "/usr/bin/perl";

/** The Ruby that loads the modules of Debian's packages. */
export const RUBY = "/usr/bin/ruby";

/** Debian's packages without a program of their own, and the commands that load them. */
const LIBRARIES: ReadonlyMap<string, readonly [program: string, ...args: string[]]> = new Map([
  ["libnet-ssh2-perl", [PERL, "-MNet::SSH2", "-e", "1"]],
  ["libssh-4", [PYTHON, "-c", "import ctypes; ctypes.CDLL('libssh.so.4')"]],
  ["ruby-net-ssh", [RUBY, "-rnet/ssh", "-e", "1"]],
]);

/** What is installed, by name: many tests ask, and each answer takes a process. */
const known = new Map<string, boolean>();

/** Whether a stock program is installed, or a library by the name of its Debian package. */
function isInstalled(name: string): boolean {
  const isKnown = known.get(name) ?? find(name);
  known.set(name, isKnown);
  return isKnown;
}

function find(name: string): boolean {
  const [, module] = /^python3-(\w+)$/.exec(name) ?? [];
  const query = `import importlib.util, sys; sys.exit(importlib.util.find_spec("${module}") is None)`;
  const [program, ...args] =
    LIBRARIES.get(name) ?? (module === undefined ? ["sh", "-c", `command -v ${name}`] : [PYTHON, "-c", query]);
  return spawnSync(program, args).status === 0;
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
