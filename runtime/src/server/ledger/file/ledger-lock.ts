import { linkSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { errorMessage } from "../../../base/error-message.js";

/** A process that holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process was started, where the system tells: a later process may have the same pid. */
  readonly started?: string | undefined;
}

/**
 * Takes a lock file, so that one server alone writes a ledger. The lock of a process that has ended is taken over. Returns the function
 * that gives it back.
 * @throws Error of one line with the holder and what to do
 */
export function takeLock(lock: string): () => void {
  const own: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  const text = `${JSON.stringify(own)}\n`;
  if (!create(lock, text)) {
    removeStale(lock, own);
    if (!create(lock, text)) throw new Error(inUse(lock, read(lock)));
  }
  return () => {
    if (read(lock) === text) unlinkSync(lock);
  };
}

/** Creates a file with its whole content at once; false if it exists. */
function create(file: string, text: string): boolean {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { mode: 0o600 });
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new Error(`${file}: cannot be created: ${errorMessage(error)}`, { cause: error });
  } finally {
    remove(temporary);
  }
}

/** Removes the lock of a process that has ended. Of several that find it, one removes it, and none removes a newer lock. */
function removeStale(lock: string, own: Holder): void {
  const guard = `${lock}.takeover`;
  if (!create(guard, `${own.pid}\n`))
    throw new Error(`another process takes ${lock} over; if there is none, delete ${guard}`);
  try {
    const text = read(lock);
    if (text === undefined) return;
    if (isHeld(holderOf(text), own)) throw new Error(inUse(lock, text));
    unlinkSync(lock);
  } finally {
    remove(guard);
  }
}

/** Whether a holder may still run. That of another host cannot be asked. */
function isHeld(holder: Holder | undefined, own: Holder): boolean {
  if (holder === undefined || holder.host !== own.host) return true;
  const started = startOf(holder.pid);
  if (holder.started !== undefined && started !== undefined) return holder.started === started;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function inUse(lock: string, text: string | undefined): string {
  const holder = text === undefined ? undefined : holderOf(text);
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
  return `it is in use by ${who}; each server needs a file of its own; if that process has ended, delete ${lock}`;
}

function holderOf(text: string): Holder | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Holder;
    return Number.isSafeInteger(pid) && pid > 0 && typeof host === "string" ? { pid, host, started } : undefined;
  } catch {
    return undefined;
  }
}

/** When a process was started, in ticks since the boot; undefined if it has ended, or the system is not Linux. */
function startOf(pid: number): string | undefined {
  // The name of the program, in parentheses, may contain spaces: proc(5), /proc/pid/stat, field 22.
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch {} // It does not exist.
}
