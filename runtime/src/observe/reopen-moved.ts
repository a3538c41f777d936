import { once } from "node:events";
import { open, stat } from "node:fs/promises";
import type { pino } from "pino";

/** A destination of pino's, to a file. */
export type FileDestination = ReturnType<typeof pino.destination>;

/**
 * Gives what looks whether a log's file was moved away, as logrotate does it, and opens it again then. It never rejects,
 * and does nothing while the look before is not over.
 * @param mode of a file that is made anew
 * @param problem is told once, until it has gone well again, why the file cannot be opened
 */
export function reopenMoved(
  file: string,
  mode: number,
  destination: FileDestination,
  problem: (message: string, error: Error) => void,
): () => Promise<void> {
  let seen = identityOf(file);
  let isLooking = false;
  let hasFailed = false;
  const look = async (): Promise<void> => {
    const [before, now] = await Promise.all([seen, identityOf(file)]);
    if (now !== undefined && before === now) return;
    // Asked first, for a destination whose file cannot be opened again says neither now nor later that it is ready.
    await (await open(file, "a", mode)).close();
    const ready = once(destination, "ready");
    destination.reopen();
    await ready;
    seen = identityOf(file);
    hasFailed = false;
  };
  return async () => {
    if (isLooking) return;
    isLooking = true;
    try {
      await look();
    } catch (error) {
      if (!hasFailed)
        problem("the audit log cannot be opened again: it goes on in the file that was moved", error as Error);
      hasFailed = true;
    } finally {
      isLooking = false;
    }
  };
}

/** Tells one file from another of the same name; undefined where there is none. */
async function identityOf(file: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(file);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
