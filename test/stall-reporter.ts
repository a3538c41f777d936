import { relative } from "node:path";
import type { Reporter, TestCase, TestModule, Vitest, VitestPluginContext } from "vitest/node";

/** Milliseconds without an event of a test file; longer than any test may take. A blocked worker cannot run timeouts. */
const LIMIT = 5 * 60_000;

interface Running {
  readonly module: TestModule;
  /** Time of its last event, in milliseconds of `performance.now()`. */
  heard: number;
  /** Its last event. */
  last: string;
}

/**
 * Ends a run that hangs, and names the file. Vitest's timeouts run on the worker's thread, which a deadlock blocks, and its main
 * process waits for the worker without a limit.
 */
class StallReporter implements Reporter {
  readonly #limit: number;
  readonly #running = new Map<string, Running>();
  #vitest: Vitest | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ limit = LIMIT }: { readonly limit?: number } = {}) {
    this.#limit = limit;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunStart(): void {
    this.#timer = setInterval(() => this.#look(), this.#limit / 10).unref();
  }

  onTestModuleQueued(module: TestModule): void {
    this.#running.set(module.id, { module, heard: performance.now(), last: "its start" });
  }

  onTestModuleCollected(module: TestModule): void {
    this.#heard(module, "loading it");
  }

  onTestCaseReady({ module, fullName }: TestCase): void {
    this.#heard(module, `the start of "${fullName}"`);
  }

  onTestCaseResult({ module, fullName }: TestCase): void {
    this.#heard(module, `the result of "${fullName}"`);
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module.id);
  }

  onTestRunEnd(): void {
    clearInterval(this.#timer);
    this.#running.clear();
  }

  #heard({ id }: TestModule, last: string): void {
    const running = this.#running.get(id);
    if (running !== undefined) Object.assign(running, { heard: performance.now(), last });
  }

  #look(): void {
    const stalled = [...this.#running.values()].filter(({ heard }) => performance.now() - heard > this.#limit);
    if (stalled.length === 0) return;
    clearInterval(this.#timer);
    for (const { module, last } of stalled) {
      const file = relative(process.cwd(), module.moduleId);
      process.stderr.write(
        `\n${file}: its worker hangs: no event for ${this.#limit / 1000} s after ${last}; ending the run\n`,
      );
    }
    process.exitCode = 1;
    // The second call kills unresponsive workers, as a second Ctrl-C does.
    void this.#vitest?.cancelCurrentRun("test-failure");
    setTimeout(() => void this.#vitest?.cancelCurrentRun("test-failure"), 1000);
  }
}

/** A plugin, because `--reporter` on the command line replaces the configured reporters. */
export function endStalledRuns(options: { readonly limit?: number } = {}) {
  return {
    name: "end-stalled-runs",
    configureVitest: ({ vitest }: VitestPluginContext): void => {
      vitest.config.reporters.push(new StallReporter(options));
    },
  };
}
