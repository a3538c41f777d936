import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LineSplitter } from "./line-splitter.js";

/** Bytes per read: each stream holds a buffer of this size while its reader is slow. */
const CHUNK = 4 * 1024;

/** Bytes before the position that are read again, to detect a truncated file. */
const MARK = 64;

/** A line of a log, and the place behind it: the file, by which it is found after a rename, and the offset. */
export interface LogLine {
  readonly text: string;
  readonly position: string;
}

/** An open log file and the position of the reader. Its opener closes it. */
export class LogFile {
  readonly #handle: FileHandle;
  readonly #signal: AbortSignal;
  /** Names the file, also after a rename. */
  readonly #id: string;
  #splitter = new LineSplitter();
  #position = 0;
  #mark: Buffer = Buffer.alloc(0);

  private constructor(handle: FileHandle, id: string, signal: AbortSignal) {
    this.#handle = handle;
    this.#id = id;
    this.#signal = signal;
  }

  /** Undefined if the file does not exist. @param signal ends all reading when it aborts */
  static async open(path: string, signal: AbortSignal): Promise<LogFile | undefined> {
    try {
      const handle = await open(path);
      return new LogFile(handle, idOf(await handle.stat()), signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /**
   * Opens the file of a position, the one at `path` or an earlier one that was renamed in its folder, and seeks to the position.
   * Undefined if the file does not exist, or ends before the position.
   */
  static async openAt(position: string, path: string, signal: AbortSignal): Promise<LogFile | undefined> {
    const [, id, offset] = /^(\d+-\d+):(\d{1,15})$/.exec(position) ?? [];
    const folder = dirname(path);
    const others = await readdir(folder).catch(() => []);
    for (const candidate of [path, ...others.map((name) => join(folder, name))]) {
      const found = await stat(candidate).catch(() => undefined);
      if (!found?.isFile() || idOf(found) !== id) continue;
      const log = await LogFile.open(candidate, signal);
      if (log === undefined) continue;
      if (log.#id === id && Number(offset) <= (await log.size())) {
        await log.#seek(Number(offset));
        return log;
      }
      await log.close();
    }
    return undefined;
  }

  /** The current size in bytes. */
  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  /** Seeks to the start of the last `count` complete lines. */
  async seekLast(count: number): Promise<void> {
    await this.#seek(await this.#startOfLast(count));
  }

  async #seek(position: number): Promise<void> {
    this.#position = position;
    const mark = Buffer.alloc(Math.min(MARK, this.#position));
    await this.#handle.read(mark, 0, mark.length, this.#position - mark.length);
    this.#mark = mark;
  }

  /** The complete lines from the position to the end, at most to `end`: a file may grow faster than it is read. */
  async *lines(end = Number.POSITIVE_INFINITY): AsyncGenerator<LogLine, void> {
    const buffer = Buffer.allocUnsafe(MARK + CHUNK);
    while (!this.#signal.aborted && this.#position < end) {
      const from = this.#position - this.#mark.length;
      const { bytesRead } = await this.#handle.read(buffer, 0, this.#mark.length + CHUNK, from);
      if (!buffer.subarray(0, Math.min(bytesRead, this.#mark.length)).equals(this.#mark)) {
        this.#restart();
        continue;
      }
      const fresh = buffer.subarray(this.#mark.length, bytesRead);
      if (fresh.length === 0) return;
      const start = this.#position;
      this.#position += fresh.length;
      this.#mark = Buffer.from(buffer.subarray(Math.max(0, bytesRead - MARK), bytesRead));
      for (const { text, next } of this.#splitter.split(fresh)) yield { text, position: `${this.#id}:${start + next}` };
    }
  }

  /**
   * Whether another file has taken its path. An empty file does not count: until the writer writes to it, it may still write to this
   * one.
   */
  async isReplaced(path: string): Promise<boolean> {
    const [own, other] = await Promise.all([this.#handle.stat(), stat(path).catch(() => undefined)]);
    if (other === undefined || other.size === 0) return false;
    return own.ino !== other.ino || own.dev !== other.dev;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** The file was truncated, and perhaps rewritten: all its content is new. */
  #restart(): void {
    this.#splitter = new LineSplitter();
    this.#position = 0;
    this.#mark = Buffer.alloc(0);
  }

  async #startOfLast(count: number): Promise<number> {
    const buffer = Buffer.allocUnsafe(CHUNK);
    let ends = 0;
    for (let before = await this.size(); before > 0 && !this.#signal.aborted; ) {
      const from = Math.max(0, before - CHUNK);
      const { bytesRead } = await this.#handle.read(buffer, 0, before - from, from);
      const chunk = buffer.subarray(0, bytesRead);
      for (let at = chunk.lastIndexOf("\n"); at !== -1; at = at === 0 ? -1 : chunk.lastIndexOf("\n", at - 1)) {
        ends += 1;
        if (ends > count) return from + at + 1;
      }
      before = from;
    }
    return 0;
  }
}

function idOf({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}-${ino}`;
}
