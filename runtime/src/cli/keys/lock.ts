import { readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds that another one's change may take, and how often it is looked whether it is over. */
const PATIENCE = 5000;
const INTERVAL = 25;

/**
 * Runs a task while `lock` exists, which one process at a time can make. It waits up to five seconds for another one.
 * @throws Error that names the lock, and the process that holds it
 */
export async function withLock<Result>(lock: string, task: () => Promise<Result>): Promise<Result> {
  const until = Date.now() + PATIENCE;
  while (!(await take(lock))) {
    if (Date.now() > until) throw new Error(await describe(lock));
    await delay(INTERVAL);
  }
  try {
    return await task();
  } finally {
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, `${process.pid}\n`, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    throw new Error(`${lock} cannot be made: ${code}: check that its directory exists and may be written`, {
      cause: error,
    });
  }
}

async function describe(lock: string): Promise<string> {
  const holder = (await readFile(lock, "utf8").catch(() => "")).trim().slice(0, 20);
  return `${lock} exists: the process ${holder || "that made it"} changes the file; if it runs no more, delete the lock`;
}
