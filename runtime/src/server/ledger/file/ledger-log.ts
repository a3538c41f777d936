import { close, closeSync, fdatasync, fsync, ftruncate, renameSync, rmSync, write } from "node:fs";
import { promisify } from "node:util";
import { encodeRecord, headerOf, type LedgerRecord } from "./ledger-record.js";
import { openNew, syncDirectory } from "./read-ledger.js";

const writeAt = promisify(write);
const sync = promisify(fdatasync);
const syncAll = promisify(fsync);
const truncate = promisify(ftruncate);

/** Bytes of a file that is not worth to be compacted. */
const MIN_COMPACTED = 4 * 1024 * 1024;

/** Bytes that a copy is written in. */
const PIECE = 256 * 1024;

/** An open ledger file. */
interface LedgerLogConfig {
  readonly file: string;
  readonly id: string;
  readonly descriptor: number;
  readonly size: number;
  /** Returns the records of all entries, for a copy of the file without those that have left. */
  readonly records: () => Iterable<LedgerRecord>;
  /** The copy of a file that grew could not be written; the file itself goes on. */
  readonly onCopyFailed: (error: unknown) => void;
}

/** A record that waits. */
interface Pending {
  readonly bytes: Buffer;
  /** Whether it stays where it cannot be written, for the next try. */
  readonly stays: boolean;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The file of a ledger: records are appended, and one sync serves all that wait for it. A file of twice the size of its last copy is
 * copied without the entries that have left, and replaced by a rename.
 */
export class LedgerLog {
  readonly #config: LedgerLogConfig;
  #descriptor: number;
  #size: number;
  /** A file that was there before may consist of what has left it: a large one is copied soon. */
  #compactAt = MIN_COMPACTED;
  #batch: Pending[] = [];
  #waiting: Waiting[] = [];
  #commits: Promise<void> | undefined;
  /** A sync has failed: what the file has is unknown, so it must be written anew. */
  #isBroken = false;

  constructor(config: LedgerLogConfig) {
    this.#config = config;
    this.#descriptor = config.descriptor;
    this.#size = config.size;
  }

  /** Appends a record that may be lost: it is written with the next one that may not. */
  add(record: LedgerRecord): void {
    this.#batch.push({ bytes: encodeRecord(record), stays: record.kind !== "begin" && record.kind !== "time" });
  }

  /**
   * Appends a record. Resolves once it is synced; rejects where it cannot be written: then the file does not have the begin of a call, and
   * gets other records with the next one.
   */
  append(record: LedgerRecord): Promise<void> {
    this.add(record);
    const synced = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    this.#commits ??= this.#commit();
    return synced;
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.#commits;
    if (this.#batch.length > 0) await this.#write(this.#batch.splice(0)).catch(() => undefined);
    await promisify(close)(this.#descriptor);
  }

  async #commit(): Promise<void> {
    // Those of this turn of the event loop share one sync.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      await this.#compactIfDue();
      const [batch, waiting] = [this.#batch.splice(0), this.#waiting.splice(0)];
      try {
        await this.#write(batch);
        for (const { resolve } of waiting) resolve();
      } catch (error) {
        this.#batch.unshift(...batch.filter(({ stays }) => stays));
        for (const { reject } of waiting) reject(error);
      }
    }
    this.#commits = undefined;
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    if (this.#isBroken) await this.#rewrite();
    const bytes = Buffer.concat(batch.map((pending) => pending.bytes));
    try {
      await writeAll(this.#descriptor, bytes, this.#size);
    } catch (error) {
      await truncate(this.#descriptor, this.#size).catch(() => {
        this.#isBroken = true;
      });
      throw error;
    }
    try {
      await sync(this.#descriptor);
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
    this.#size += bytes.length;
  }

  async #compactIfDue(): Promise<void> {
    if (this.#size < this.#compactAt) return;
    try {
      await this.#rewrite();
    } catch (error) {
      this.#compactAt = this.#size + MIN_COMPACTED;
      this.#config.onCopyFailed(error);
    }
  }

  /** Writes a copy with the entries of now, and puts it in the place of the file. Records that wait are appended to it. */
  async #rewrite(): Promise<void> {
    const { file, id, records } = this.#config;
    const copy = `${file}.new`;
    const descriptor = openNew(copy);
    try {
      const header = headerOf(id);
      let size = await writeAll(descriptor, header, 0);
      let piece: Buffer[] = [];
      let length = 0;
      const flush = async (): Promise<void> => {
        size += await writeAll(descriptor, Buffer.concat(piece), size);
        piece = [];
        length = 0;
      };
      for (const record of records()) {
        const bytes = encodeRecord(record);
        piece.push(bytes);
        length += bytes.length;
        if (length >= PIECE) await flush();
      }
      await flush();
      await syncAll(descriptor);
      renameSync(copy, file);
      syncDirectory(file);
      closeSync(this.#descriptor);
      this.#descriptor = descriptor;
      this.#size = size;
      this.#compactAt = Math.max(MIN_COMPACTED, 2 * size);
      this.#isBroken = false;
    } catch (error) {
      closeSync(descriptor);
      rmSync(copy, { force: true });
      throw error;
    }
  }
}

/** Writes all bytes at an offset, and returns how many they are. A full disk may take a part of them. */
async function writeAll(descriptor: number, bytes: Buffer, at: number): Promise<number> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await writeAt(descriptor, bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
  return bytes.length;
}
