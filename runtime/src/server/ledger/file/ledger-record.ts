import { crc32 } from "node:zlib";
import { isErrorStatus, type StatusName } from "../../../contract/status.js";
import type { LedgerOutcome } from "../ledger.js";
import type { EntryCall } from "../ledger-table.js";

/** The version of the format. */
const VERSION = 1;

/** What the first line of a file begins with, before the version and the id of the ledger. */
const MAGIC = "sshrpc-ledger";

const HEADER = new RegExp(`^${MAGIC} (\\d{1,9}) ([\\w-]{22})\\n$`);

/** Bytes of the first line of this version. */
export const HEADER_SIZE: number = headerOf("x".repeat(22)).length;

/** Length and CRC-32 of the text of a record. */
const FRAME_SIZE = 8;

/** What a record says of the entry with a number. `at` is in the time of the ledger. */
export type LedgerRecord =
  | { readonly kind: "begin"; readonly number: number; readonly at: number; readonly call: EntryCall }
  | { readonly kind: "end"; readonly number: number; readonly at: number; readonly outcome: LedgerOutcome }
  | { readonly kind: "interrupted"; readonly number: number; readonly at: number }
  | { readonly kind: "remove"; readonly number: number }
  /** Of no entry: the ledger was open until then. */
  | { readonly kind: "time"; readonly at: number };

/** The first line of a file: its format, its version, and the id of the ledger. */
export function headerOf(id: string): Buffer {
  return Buffer.from(`${MAGIC} ${VERSION} ${id}\n`);
}

/**
 * The id of the ledger in a first line; undefined if the line is cut short.
 * @throws Error for a file of another kind or version
 */
export function parseHeader(line: Buffer): string | undefined {
  const text = line.toString("latin1");
  const [, version, id] = HEADER.exec(text) ?? [];
  if (version === String(VERSION)) return id;
  const start = `${MAGIC} ${VERSION} `;
  if (line.length < HEADER_SIZE && (start.startsWith(text) || text.startsWith(start))) return undefined;
  const other = new RegExp(`^${MAGIC} (\\d{1,9}) `).exec(text)?.[1];
  if (other === undefined) throw new Error("it is not a ledger; name another file");
  if (other === String(VERSION)) throw new Error("its first line is damaged; delete it, or restore it from a backup");
  throw new Error(
    `it has version ${other} of the format, and this release reads version ${VERSION}; use the release that wrote it, or another file`,
  );
}

/** Encodes a record: its length, the CRC-32 of its text, and the text, a JSON list. */
export function encodeRecord(record: LedgerRecord): Buffer {
  const text = JSON.stringify(fieldsOf(record));
  const size = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(FRAME_SIZE + size);
  bytes.write(text, FRAME_SIZE);
  bytes.writeUInt32BE(size, 0);
  bytes.writeUInt32BE(crc32(bytes.subarray(FRAME_SIZE)), 4);
  return bytes;
}

function fieldsOf(record: LedgerRecord): readonly unknown[] {
  if (record.kind === "time") return ["time", record.at];
  const { kind, number } = record;
  if (kind === "remove") return ["remove", number];
  if (kind === "begin") {
    const { identity, method, key, digest } = record.call;
    return ["begin", number, record.at, identity, method, key, digest];
  }
  if (kind === "interrupted") return ["interrupted", number, record.at];
  const { status, code, body, headers = null, trailers = null } = record.outcome;
  return ["end", number, record.at, status, code, body, headers, trailers];
}

/** The record at an offset, and the offset behind it; undefined if it is incomplete. */
export function decodeRecord(
  bytes: Buffer,
  offset: number,
): { readonly record: LedgerRecord; readonly end: number } | undefined {
  const start = offset + FRAME_SIZE;
  if (start > bytes.length) return undefined;
  const end = start + bytes.readUInt32BE(offset);
  if (end > bytes.length || end === start) return undefined;
  const text = bytes.subarray(start, end);
  if (crc32(text) !== bytes.readUInt32BE(offset + 4)) return undefined;
  const record = recordOf(JSON.parse(text.toString()));
  return record && { record, end };
}

/** Whether a record begins in these bytes, which are no whole one. Within a text its quotation marks would have a backslash. */
export function hasRecordStart(bytes: Buffer): boolean {
  return /\["(?:begin|end|interrupted|remove|time)",/.test(bytes.toString("latin1"));
}

/** The text has passed its checksum, so this release has written it. */
function recordOf([kind, number, at, ...fields]: readonly unknown[]): LedgerRecord | undefined {
  if (typeof number !== "number") return undefined;
  if (kind === "remove") return { kind, number };
  if (kind === "time") return { kind, at: number };
  if (typeof at !== "number") return undefined;
  if (kind === "interrupted") return { kind, number, at };
  if (kind === "begin") {
    const [identity, method, key, digest] = fields as readonly string[];
    if (identity === undefined || method === undefined || key === undefined || digest === undefined) return undefined;
    return { kind, number, at, call: { identity, method, key, digest } };
  }
  const [status, code, body, headers, trailers] = fields as unknown as readonly [
    string,
    number,
    string,
    string?,
    string?,
  ];
  if (kind !== "end" || !(status === "OK" || isErrorStatus(status))) return undefined;
  const outcome = { status: status as StatusName, code, body, headers: headers ?? undefined };
  return { kind, number, at, outcome: { ...outcome, trailers: trailers ?? undefined } };
}
