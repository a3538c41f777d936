import { FileChanges } from "./file-changes.js";
import { LogFile } from "./log-file.js";

/** What of a file's lines to give. */
export interface FollowOptions {
  /** How many of the complete lines that are there come first, counted from the end. Default: all. */
  readonly last?: number | undefined;
  /** Goes on with new lines until `signal` aborts. Default: the lines end with the file. */
  readonly follow?: boolean | undefined;
  readonly signal: AbortSignal;
}

/**
 * The lines of a log file, each when its end has been written. A log that is renamed and made anew is read to its end, then
 * the new one from its beginning; one that is cut and written again is read again from its beginning. Undefined where
 * there is no such file.
 */
export async function followLines(path: string, options: FollowOptions): Promise<AsyncIterable<string> | undefined> {
  const log = await LogFile.open(path, options.signal);
  return log && (options.follow ? growing(log, path, options) : present(log, options));
}

async function* present(log: LogFile, { last }: FollowOptions): AsyncGenerator<string, void> {
  try {
    const end = await log.size();
    if (last !== undefined) await log.seekLast(last);
    yield* log.lines(end);
  } finally {
    await log.close();
  }
}

async function* growing(first: LogFile, path: string, { last, signal }: FollowOptions): AsyncGenerator<string, void> {
  let log = first;
  const changes = new FileChanges(path, signal);
  try {
    if (last !== undefined) await log.seekLast(last);
    while (!signal.aborted) {
      // Asked first: what was written here before the new file had content is then read.
      const replaced = await log.isReplaced(path);
      yield* log.lines();
      const next = replaced ? await LogFile.open(path, signal) : undefined;
      if (next === undefined) await changes.next();
      else {
        const old = log;
        log = next;
        await old.close();
      }
    }
  } finally {
    changes.close();
    await log.close();
  }
}
