import { closeSync, fchmodSync, fstatSync, openSync } from "node:fs";

/** Creates a file that only its owner can access; removes the access of others from one that exists. */
export function createPrivate(file: string, mode: number): void {
  const descriptor = openSync(file, "a", mode);
  try {
    const stats = fstatSync(descriptor);
    if (stats.isFile() && (stats.mode & 0o077 & ~mode) !== 0) fchmodSync(descriptor, mode);
  } finally {
    closeSync(descriptor);
  }
}
