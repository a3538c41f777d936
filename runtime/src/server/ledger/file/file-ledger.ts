import { realpathSync } from "node:fs";
import { OptionError } from "../../../base/check-options.js";
import { errorMessage } from "../../../base/error-message.js";
import type { Logger } from "../../../base/log.js";
import { checkFileName } from "../../../base/printable.js";
import { RpcError } from "../../../contract/rpc-error.js";
import type { Ledger, LedgerCall, LedgerEntry, LedgerOutcome, NewEntry } from "../ledger.js";
import type { LedgerConfig } from "../ledger-options.js";
import { LedgerTable, TableEntry } from "../ledger-table.js";
import { takeLock } from "./ledger-lock.js";
import { LedgerLog } from "./ledger-log.js";
import type { LedgerRecord } from "./ledger-record.js";
import { type ReadLedger, readLedger } from "./read-ledger.js";

/** Milliseconds after which to try again where the file cannot be written. */
const RETRY_AFTER = 1000;

/** Milliseconds after which the time of the ledger is written, where no record of a call has it. */
const TIME_EVERY = 5000;

/** A ledger in a file: it outlives the process. All entries are in memory, too. */
export class FileLedger implements Ledger {
  readonly id: string;
  readonly keeps: number;
  readonly #table: LedgerTable;
  readonly #file: LedgerLog;
  readonly #log: Logger;
  readonly #unlock: () => void;
  readonly #name: string;
  readonly #timer: NodeJS.Timeout;
  /** The latest time of the ledger that the file has. */
  #written: number;
  /** When the last call ended, in the time of the ledger. */
  #lastEnd = Number.NEGATIVE_INFINITY;
  /** Whether the last write has failed: it is reported once. */
  #isFailing = false;
  #closed: Promise<void> | undefined;

  /** @throws OptionError with the file and what to do */
  constructor(name: string, config: LedgerConfig, log: Logger) {
    this.keeps = config.keeps;
    this.#log = log;
    const file = targetOf(checkFileName(name, "ledger"));
    this.#name = file;
    const { read, unlock } = open(file, config.keeps);
    const { id, descriptor, size, entries, time, next, problem } = read;
    if (problem !== undefined) log.warn({ file }, `the ledger file: ${problem}`);
    this.id = id;
    this.#unlock = unlock;
    // It stands still while no server has the file open: so no clock can end an outcome's time too early.
    const opened = performance.now();
    const now = (): number => Math.floor(time + performance.now() - opened);
    this.#table = new LedgerTable({ ...config, now }, next);
    this.#file = new LedgerLog({
      ...{ file, id, descriptor, size },
      records: () => recordsOf(now(), [...this.#table.entries()]),
      onCopyFailed: (error) => log.error({ err: error, file }, "the ledger file cannot be compacted, and grows"),
    });
    this.#written = time;
    for (const [number, { call, at, ended }] of entries) {
      if (ended === undefined) continue;
      this.#table.restore(number, call, ended, at);
      this.#lastEnd = at;
    }
    for (const [number, { call, ended }] of entries) {
      if (ended !== undefined) continue;
      this.#table.restore(number, call, "interrupted", time);
      this.#add({ kind: "interrupted", number, at: time });
    }
    this.#timer = setInterval(() => this.#tick(), TIME_EVERY).unref();
  }

  begin(call: LedgerCall): LedgerEntry | Promise<LedgerEntry> {
    const entry = this.#table.begin(call);
    return entry instanceof TableEntry ? this.#begin(entry) : entry;
  }

  forget(identity: string, keys: readonly string[]): void {
    const removed = ({ number }: TableEntry): void => this.#add({ kind: "remove", number });
    for (const key of keys) this.#table.forget(identity, key, removed);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#add({ kind: "time", at: this.#table.now() });
    await this.#file.close();
    this.#table.close();
    this.#unlock();
  }

  /** The handler starts once the file says so: a process that ends while it runs leaves an interrupted call. */
  async #begin(entry: TableEntry): Promise<NewEntry> {
    const { call, number, at } = entry;
    try {
      await this.#append({ kind: "begin", number, at, call });
    } catch (error) {
      // Its message may name the file.
      const { code = "closed" } = error as NodeJS.ErrnoException;
      const message = `the ledger of the server cannot be written (${code}), so the call is not run`;
      const refusal = new RpcError("RESOURCE_EXHAUSTED", message, { details: { retryAfter: RETRY_AFTER } });
      entry.release();
      throw refusal;
    }
    return {
      state: "new",
      record: (ended) => this.#record(entry, ended),
      release: () => {
        entry.release();
        this.#add({ kind: "remove", number });
      },
    };
  }

  /** Where the outcome cannot be written, this process still knows it, and writes it with the next copy of the file. */
  async #record(entry: TableEntry, ended: LedgerOutcome | "interrupted"): Promise<void> {
    try {
      await this.#append(endOf(entry.number, this.#table.now(), ended));
    } catch {} // Reported by the append.
    entry.record(ended);
  }

  /** Otherwise an outcome would stay in the file for each start of a server that has calls for a short time only. */
  #tick(): void {
    const at = this.#table.now();
    const isKept = this.#written < this.#lastEnd + this.keeps;
    if (isKept && at >= this.#written + TIME_EVERY) this.#append({ kind: "time", at }).catch(() => undefined);
  }

  #add(record: LedgerRecord): void {
    this.#noteTime(record);
    this.#file.add(record);
  }

  #noteTime(record: LedgerRecord): void {
    if (record.kind === "remove") return;
    this.#written = Math.max(this.#written, record.at);
    if (record.kind === "end" || record.kind === "interrupted") this.#lastEnd = record.at;
  }

  async #append(record: LedgerRecord): Promise<void> {
    if (this.#closed !== undefined) throw new Error("it is closed");
    try {
      this.#noteTime(record);
      await this.#file.append(record);
      if (this.#isFailing) this.#log.warn({ file: this.#name }, "the ledger file can be written again");
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log.error({ err: error, file: this.#name }, "the ledger file cannot be written");
      this.#isFailing = true;
      throw error;
    }
  }
}

/** Where a symbolic link points: a copy must not replace the link, and the lock belongs to the file. */
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function open(file: string, keeps: number): { readonly read: ReadLedger; readonly unlock: () => void } {
  let unlock: (() => void) | undefined;
  try {
    unlock = takeLock(`${file}.lock`);
    return { read: readLedger(file, keeps), unlock };
  } catch (error) {
    unlock?.();
    throw new OptionError(`the ledger file ${file} cannot be opened: ${errorMessage(error)}`, { cause: error });
  }
}

function* recordsOf(now: number, entries: readonly TableEntry[]): Iterable<LedgerRecord> {
  yield { kind: "time", at: now };
  for (const { number, call, at, ended } of entries) {
    yield { kind: "begin", number, at, call };
    if (ended !== undefined) yield endOf(number, at, ended);
  }
}

function endOf(number: number, at: number, ended: LedgerOutcome | "interrupted"): LedgerRecord {
  return ended === "interrupted" ? { kind: ended, number, at } : { kind: "end", number, at, outcome: ended };
}
