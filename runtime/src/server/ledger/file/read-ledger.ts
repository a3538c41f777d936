import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { LedgerOutcome } from "../ledger.js";
import type { EntryCall } from "../ledger-table.js";
import {
  decodeRecord,
  HEADER_SIZE,
  hasRecordStart,
  headerOf,
  type LedgerRecord,
  parseHeader,
} from "./ledger-record.js";

/** Ledgers have requests of all callers, so only the owner may read them. */
const MODE = 0o600;

/** An entry of a file. */
interface ReadEntry {
  readonly call: EntryCall;
  /** When it began or ended, in the time of the ledger. */
  readonly at: number;
  /** Undefined if its process ended while it ran. */
  readonly ended?: LedgerOutcome | "interrupted";
}

/** An open ledger file, and what it had. */
export interface ReadLedger {
  readonly id: string;
  readonly descriptor: number;
  readonly size: number;
  /** By number, those that ended earlier first. */
  readonly entries: ReadonlyMap<number, ReadEntry>;
  /** The time of the ledger when its last record was written, in ms. */
  readonly time: number;
  /** The number of the next entry. */
  readonly next: number;
  /** What was wrong with the file, for its log. */
  readonly problem: string | undefined;
}

/**
 * Opens a ledger file, or creates one. What a crash has left behind the last whole record is cut off. A file that is damaged before its
 * end has lost entries, so it gets a new id: no client sends a call again that it does not know.
 * @param keeps how long an outcome is kept, in ms
 * @throws Error of one line
 */
export function readLedger(file: string, keeps: number): ReadLedger {
  const bytes = contentOf(file);
  const id = bytes === undefined ? undefined : parseHeader(bytes.subarray(0, HEADER_SIZE));
  if (bytes === undefined || id === undefined) {
    const problem = bytes?.length ? "its first line was cut short: it begins anew" : undefined;
    return create(file, problem);
  }
  const { records, end } = recordsOf(bytes);
  const time = records.reduce((latest, record) => Math.max(latest, record.kind === "remove" ? 0 : record.at), 0);
  const entries = entriesOf(records, time - keeps);
  const next = records.reduce((max, record) => Math.max(max, record.kind === "time" ? 0 : record.number + 1), 1);
  const rest = bytes.length - end;
  const isDamaged = rest > 0 && !isCut(bytes, end);
  const descriptor = openSync(file, "r+");
  if (rest > 0) ftruncateSync(descriptor, end);
  const newId = isDamaged ? newLedgerId() : id;
  if (isDamaged) writeSync(descriptor, headerOf(newId), 0, HEADER_SIZE, 0);
  if (rest > 0) fsyncSync(descriptor);
  const problem =
    rest === 0
      ? undefined
      : isDamaged
        ? `it is damaged at byte ${end}: ${rest} bytes were dropped, and it has a new id`
        : `its last record was cut short: ${rest} bytes were dropped`;
  return { id: newId, descriptor, size: end, entries, time, next, problem };
}

function contentOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function create(file: string, problem: string | undefined): ReadLedger {
  const id = newLedgerId();
  const descriptor = openSync(file, "w+", MODE);
  writeSync(descriptor, headerOf(id), 0, HEADER_SIZE, 0);
  fsyncSync(descriptor);
  syncDirectory(file);
  return { id, descriptor, size: HEADER_SIZE, entries: new Map(), time: 0, next: 1, problem };
}

/** Makes the name of a new file last. */
export function syncDirectory(file: string): void {
  const directory = openSync(dirname(file), "r");
  try {
    fsyncSync(directory);
  } catch (error) {
    // Not every system can sync a directory.
    if ((error as NodeJS.ErrnoException).code !== "EINVAL" && process.platform !== "win32") throw error;
  } finally {
    closeSync(directory);
  }
}

/** The permissions of a ledger file. */
export function openNew(file: string): number {
  return openSync(file, "w", MODE);
}

function newLedgerId(): string {
  return randomBytes(16).toString("base64url");
}

function recordsOf(bytes: Buffer): { readonly records: readonly LedgerRecord[]; readonly end: number } {
  const records: LedgerRecord[] = [];
  let offset = HEADER_SIZE;
  for (;;) {
    const decoded = decodeRecord(bytes, offset);
    if (decoded === undefined) return { records, end: offset };
    records.push(decoded.record);
    offset = decoded.end;
  }
}

/** Whether the bytes from an offset are the beginning of one record, as after a crash: of a length that is damaged, others follow. */
function isCut(bytes: Buffer, offset: number): boolean {
  if (offset + 4 > bytes.length) return true;
  return offset + 8 + bytes.readUInt32BE(offset) > bytes.length && !hasRecordStart(bytes.subarray(offset + 9));
}

/** The entries that records leave, without those that ended before a time. */
function entriesOf(records: readonly LedgerRecord[], oldest: number): Map<number, ReadEntry> {
  const entries = new Map<number, ReadEntry>();
  for (const record of records) {
    if (record.kind === "time") continue;
    const { kind, number } = record;
    const entry = entries.get(number);
    if (kind === "remove") entries.delete(number);
    else if (kind === "begin") {
      // A copy that was being written when the call began has it already.
      if (entry === undefined) entries.set(number, { call: record.call, at: record.at });
    } else if (entry !== undefined) {
      // In the order in which they ended.
      entries.delete(number);
      const ended = kind === "end" ? record.outcome : kind;
      if (record.at > oldest) entries.set(number, { call: entry.call, at: record.at, ended });
    }
  }
  return entries;
}
