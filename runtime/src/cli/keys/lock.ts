import { readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** How long to wait for another process, and the polling interval, in ms. */
const LOCK_TIMEOUT = 5000;
const INTERVAL = 25;

/** A lock file, and the process that takes it. */
interface Lock {
  readonly lock: string;
  readonly pid: number;
}

/**
 * Runs a task while holding a lock file. It waits up to 5 s for another process.
 * @throws Error with the lock file and the process that holds it
 */
export async function withLock<Result>({ lock, pid }: Lock, task: () => Promise<Result>): Promise<Result> {
  const until = Date.now() + LOCK_TIMEOUT;
  while (!(await take(lock, pid))) {
    if (Date.now() > until) throw new Error(await describe(lock));
    await delay(INTERVAL);
  }
  try {
    return await task();
  } finally {
    await rm(lock, { force: true });
  }
}

async function take(lock: string, pid: number): Promise<boolean> {
  try {
    await writeFile(lock, `${pid}\n`, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    throw new Error(`${lock}: cannot be created (${code}); check that its directory exists and is writable`, {
      cause: error,
    });
  }
}

async function describe(lock: string): Promise<string> {
  const holder = (await readFile(lock, "utf8").catch(() => "")).trim().slice(0, 20);
  return `${lock} exists: process ${holder || "(unknown)"} is changing the file; if it has exited, delete the lock`;
}
