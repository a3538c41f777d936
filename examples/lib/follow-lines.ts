import { FileChanges } from "./file-changes.js";
import { LogFile } from "./log-file.js";

/** Which lines of a file to yield. */
export interface FollowOptions {
  /** The number of existing complete lines to yield first, counted from the end. Default: all. */
  readonly last?: number | undefined;
  /** Follows the file until `signal` aborts. Default: the lines end with the file. */
  readonly follow?: boolean | undefined;
  readonly signal: AbortSignal;
}

/**
 * The lines of a log file, each once its line end is written. After a rename, the old file is read to its end, then the new one from
 * its start; a truncated file is read again from its start. Undefined if the file does not exist.
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
      // Checked before reading, so that the last lines of a replaced file are read.
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
