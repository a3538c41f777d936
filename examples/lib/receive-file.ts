import { createHash, randomUUID } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Checksum } from "../../generated/types.js";

/** The prefix of incomplete files, followed by the id of their process. The schema forbids it for other files. */
const PREFIX = ".sshrpc-";

/**
 * Writes `chunks` to the file at `path` atomically: until all of it is on the disk, it has a temporary name. On failure the
 * temporary file is removed, and an existing file stays unchanged.
 * @param accept receives the size and checksum; if it throws, the file is discarded
 * @throws what `chunks` or `accept` throws, or why the file cannot be written
 */
export async function receiveFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  accept: (actual: Checksum) => void | Promise<void>,
): Promise<Checksum> {
  const folder = dirname(path);
  const temporary = join(folder, `${PREFIX}${process.pid}-${randomUUID()}`);
  const handle = await open(temporary, "wx");
  try {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of chunks) {
      await handle.writeFile(chunk);
      hash.update(chunk);
      bytes += chunk.length;
    }
    const actual = { bytes, sha256: hash.digest("hex") };
    await handle.sync();
    await accept(actual);
    await rename(temporary, path);
    await syncFolder(folder);
    return actual;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Removes incomplete files of killed processes from `folder`. Those of running processes stay. */
export function removeLeftovers(folder: string): void {
  for (const name of namesIn(folder)) {
    const pid = Number(/^\.sshrpc-(\d+)-[0-9a-f-]{36}$/.exec(name)?.[1]);
    // Also its own id: in a container, earlier processes may have had the same one.
    if (pid > 0 && (pid === process.pid || !isRunning(pid))) rmSync(join(folder, name), { force: true });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A new name survives a power failure only once its folder is on the disk, too: fsync(2). */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
