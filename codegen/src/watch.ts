import { relative, resolve, sep } from "node:path";
import { FileWatch } from "./file-watch.js";
import { type GenerateResult, Generator } from "./generate.js";
import type { GenerateOptions } from "./options.js";

/** One run of a watch. */
export interface WatchRun {
  /** The files whose change led to it, relative to the working directory; empty for the first run. */
  readonly changed: readonly string[];
  /** What it did; undefined where it failed. */
  readonly result: GenerateResult | undefined;
  /** Why it failed: a SchemaProblem where the schema is wrong. */
  readonly error: unknown;
}

/** A watch under way. Whoever started it closes it. */
export interface Watch extends AsyncDisposable {
  /** Ends it, after the run under way. */
  close(): Promise<void>;
}

/**
 * Generates now, and again whenever the schema or a file that it imports changes. Errors in the schema end nothing:
 * they are reported, and the next change is awaited.
 *
 * @param onRun is told of each run, one after another; the next one waits for the promise it may return. It must not throw:
 * at the first run that ends the watch, and later nobody is there to take it.
 * @returns when the first run is over.
 * @throws what `onRun` throws at the first run
 */
export async function watch(options: GenerateOptions, onRun: (run: WatchRun) => void | Promise<void>): Promise<Watch> {
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
  try {
    await files.follow(generator.graph.files);
    running = run([]).then(drain);
    await running;
  } catch (error) {
    // Nobody gets a watch to close, and what is watched would keep the process alive.
    await files.close();
    throw error;
  }
  const close = async (): Promise<void> => {
    closed = true;
    await files.close();
    await running;
  };
  return { close, [Symbol.asyncDispose]: close };
}
