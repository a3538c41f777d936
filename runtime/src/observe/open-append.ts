import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";

/**
 * Opens a file for appending lines.
 * @param mode of a new file; the access that it does not give is removed from an existing one. Default: what the umask leaves of 0666
 * @returns its descriptor, and whether it ends within a line, as after a crash
 */
export function openAppend(file: string, mode?: number): { readonly fd: number; readonly isCut: boolean } {
  const fd = openSync(file, "a", mode);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return { fd, isCut: false };
    if (mode !== undefined && (stats.mode & 0o077 & ~mode) !== 0) fchmodSync(fd, mode);
    return { fd, isCut: stats.size > 0 && !["", "\n"].includes(lastByte(file, stats.size)) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** A descriptor for appending cannot be read. Empty for a file that the process may only append to. */
function lastByte(file: string, size: number): string {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch {
    return "";
  }
  try {
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, size - 1);
    return byte.toString();
  } finally {
    closeSync(fd);
  }
}

/** Checks whether {@link openAppend} could open a file, without creating it. @throws Error of the file system */
export function checkAppend(file: string): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) accessSync(dirname(file), constants.W_OK | constants.X_OK);
  else if (stats.isDirectory()) throw new Error(`${file} is a directory`);
  else accessSync(realpathSync(file), constants.W_OK);
}

/** Whether an open file still has its name: it may have been renamed or removed. */
export function hasName(fd: number, file: string): boolean {
  const { dev, ino } = fstatSync(fd);
  const named = statSync(file, { throwIfNoEntry: false });
  return named?.dev === dev && named.ino === ino;
}
