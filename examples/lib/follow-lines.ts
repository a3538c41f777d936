import { FileChanges } from "./file-changes.js";
import { LogFile, type LogLine } from "./log-file.js";

/** Which lines of a file to yield. */
export interface FollowOptions {
  /** The number of existing complete lines to yield first, counted from the end. Default: all. */
  readonly last?: number | undefined;
  /** The position of a line: yields those behind it. Default: none. */
  readonly after?: string | undefined;
  /** Follows the file until `signal` aborts. Default: the lines end with the file. */
  readonly follow?: boolean | undefined;
  readonly signal: AbortSignal;
}

/**
 * The lines of a log file, each once its line end is written. After a rename, the old file is read to its end, then the new one from
 * its start; a truncated file is read again from its start. Undefined if the file does not exist, or has no such position.
 */
export async function followLines(path: string, options: FollowOptions): Promise<AsyncIterable<LogLine> | undefined> {
  const { after, signal } = options;
  const log = after === undefined ? await LogFile.open(path, signal) : await LogFile.openAt(after, path, signal);
  if (after === undefined && options.last !== undefined) await log?.seekLast(options.last);
  return log && (options.follow ? growing(log, path, options) : present(log));
}

async function* present(log: LogFile): AsyncGenerator<LogLine, void> {
  try {
    const end = await log.size();
    yield* log.lines(end);
  } finally {
    await log.close();
  }
}

async function* growing(first: LogFile, path: string, { signal }: FollowOptions): AsyncGenerator<LogLine, void> {
  let log = first;
  const changes = new FileChanges(path, signal);
  try {
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
