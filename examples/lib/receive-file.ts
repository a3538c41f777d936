import { createHash, type Hash, randomUUID } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Checksum } from "../../generated/types.js";

/** The prefix of incomplete files, followed by the id of their process, or by their name. The schema forbids it for other files. */
const PREFIX = ".sshrpc-";

/** The prefix of incomplete files that another attempt completes, and the ms after which none will. */
const PART = `${PREFIX}part-`;
const PART_TIME = 24 * 3_600_000;

/** A part of a file, from an attempt that was interrupted. */
export interface Part {
  /** Names the upload: the next attempt has the same name. */
  readonly name: string;
  /** Says how many bytes there are. Returns how many of them are kept: all or none. */
  readonly startAt: (bytes: number) => number;
  /** Whether the part is kept after this error, because there may be another attempt. */
  readonly isInterrupted: (error: unknown) => boolean;
}

/** How a file is received. */
export interface ReceiveOptions {
  /** Receives the size and checksum; if it throws, the file is discarded. */
  readonly accept: (actual: Checksum) => void | Promise<void>;
  /** Absent where an interrupted file is not completed later. */
  readonly part?: Part | undefined;
}

/**
 * Writes `chunks` to the file at `path` atomically: until all of it is on the disk, it has a temporary name. On failure the
 * temporary file is removed, and an existing file stays unchanged.
 * @throws what `chunks` or `accept` throws, or why the file cannot be written
 */
export async function receiveFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  { accept, part }: ReceiveOptions,
): Promise<Checksum> {
  const folder = dirname(path);
  const temporary = join(folder, part === undefined ? `${PREFIX}${process.pid}-${randomUUID()}` : PART + part.name);
  const handle = await open(temporary, part === undefined ? "wx" : "a+");
  try {
    const hash = createHash("sha256");
    let bytes = part === undefined ? 0 : await keepPart(handle, hash, part);
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
    if (!part?.isInterrupted(error)) await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Adds the part that is kept to the checksum, and returns its size. */
async function keepPart(handle: FileHandle, hash: Hash, { startAt }: Part): Promise<number> {
  const { size } = await handle.stat();
  const kept = size === 0 ? 0 : startAt(size);
  if (kept === size) {
    for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) hash.update(chunk);
    return kept;
  }
  await handle.truncate(0);
  return 0;
}

/** Removes incomplete files of killed processes from `folder`, and parts that are too old. Those of running processes stay. */
export function removeLeftovers(folder: string): void {
  for (const name of namesIn(folder)) {
    const pid = Number(/^\.sshrpc-(\d+)-[0-9a-f-]{36}$/.exec(name)?.[1]);
    // Also its own id: in a container, earlier processes may have had the same one.
    const isLeft = pid > 0 && (pid === process.pid || !isRunning(pid));
    if (isLeft || isOldPart(join(folder, name), name)) rmSync(join(folder, name), { force: true });
  }
}

function isOldPart(path: string, name: string): boolean {
  const { mtimeMs } = (name.startsWith(PART) && statSync(path, { throwIfNoEntry: false })) || { mtimeMs: Infinity };
  return Date.now() - mtimeMs > PART_TIME;
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
