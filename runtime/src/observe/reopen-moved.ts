import { once } from "node:events";
import { stat } from "node:fs/promises";
import type { pino } from "pino";
import { createPrivate } from "./create-private.js";

/**
 * Returns a function that checks whether a log file was moved, as by logrotate, and reopens `destination` then. It never
 * rejects, and does nothing while an earlier check runs.
 * @param mode of a file that is created again
 * @param onProblem called when the file cannot be opened, once until a check succeeds
 */
export function reopenMoved(
  file: string,
  mode: number,
  destination: ReturnType<typeof pino.destination>,
  onProblem: (message: string, error: Error) => void,
): () => Promise<void> {
  let opened = identityOf(file);
  let isChecking = false;
  let hasFailed = false;
  const check = async (): Promise<void> => {
    const [before, now] = await Promise.all([opened, identityOf(file)]);
    if (now !== undefined && before === now) return;
    // Opened here first: a destination that cannot reopen its file emits neither "ready" nor "error".
    createPrivate(file, mode);
    const ready = once(destination, "ready");
    destination.reopen();
    await ready;
    opened = identityOf(file);
    hasFailed = false;
  };
  return async () => {
    if (isChecking) return;
    isChecking = true;
    try {
      await check();
    } catch (error) {
      if (!hasFailed) onProblem("the audit log cannot be reopened: lines go to the moved file", error as Error);
      hasFailed = true;
    } finally {
      isChecking = false;
    }
  };
}

/** Device and inode, which distinguish files of one name; undefined for a missing file. */
async function identityOf(file: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(file);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
