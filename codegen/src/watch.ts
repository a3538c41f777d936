import { relative, resolve, sep } from "node:path";
import { FileWatch } from "./file-watch.js";
import { type GenerateResult, Generator } from "./generate.js";
import type { GenerateOptions } from "./options.js";

/** One run of a watch. */
export interface WatchRun {
  /** The files whose change caused the run, relative to the working directory; empty for the first run. */
  readonly changed: readonly string[];
  /** The result; undefined if the run failed. */
  readonly result: GenerateResult | undefined;
  /** The error of a failed run: a SchemaProblem if the schema is invalid. */
  readonly error: unknown;
}

/** A running watch. The caller of {@link watch} closes it. */
export interface Watch extends AsyncDisposable {
  /** Ends the watch, and a run of the schema that has not ended. */
  close(): Promise<void>;
}

/**
 * Generates once, and again whenever the schema or a file that it imports changes. Errors in the schema are reported to
 * `onRun` and do not end the watch.
 *
 * @param onRun is called after each run; the next run waits for the promise that it returns. It must not throw: an error
 * in the first call ends the watch, and one in a later call is an unhandled rejection.
 * @param signal closes the watch, also during the first run.
 * @returns a promise that resolves after the first run
 * @throws the error of the first call of `onRun`; Error that names an invalid option
 */
export async function watch(
  options: GenerateOptions,
  onRun: (run: WatchRun) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<Watch> {
  const cwd = resolve(options.cwd ?? ".");
  const generator = new Generator(options);
  const pending = new Set<string>();
  let running: Promise<void> | undefined;
  let closed = false;
  const files = new FileWatch((changed) => {
    for (const file of changed) pending.add(relative(cwd, file).split(sep).join("/"));
    running ??= drain();
  });
  const run = async (changed: readonly string[]): Promise<void> => {
    const outcome = await generator.run().then(
      (result) => ({ changed, result, error: undefined }),
      (error: unknown) => ({ changed, result: undefined, error }),
    );
    if (closed) return;
    await files.follow([...generator.graph.files, ...generator.graph.missing]);
    await onRun(outcome);
  };
  const drain = async (): Promise<void> => {
    while (pending.size > 0 && !closed) {
      const changed = [...pending];
      pending.clear();
      await run(changed);
    }
    running = undefined;
  };
  const close = async (): Promise<void> => {
    closed = true;
    await Promise.all([files.close(), generator.close()]);
    await running;
  };
  const abort = (): void => void close();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await files.follow(generator.graph.files);
    running = run([]).then(drain);
    await running;
  } catch (error) {
    // The caller receives no watch to close, and open watchers keep the process alive.
    await Promise.all([files.close(), generator.close()]);
    throw error;
  }
  return { close, [Symbol.asyncDispose]: close };
}
