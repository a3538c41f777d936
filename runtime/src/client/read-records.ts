import { checkNumber } from "../base/check-number.js";
import { checkOptions, type OptionTable } from "../base/check-options.js";
import { copyBytes } from "../base/copy-bytes.js";
import { checkedOptions } from "../contract/option-errors.js";
import { RpcError } from "../contract/rpc-error.js";

/** Options of {@link readRecords}. */
export interface RecordOptions {
  /** Separator between records. Default: a line feed. */
  readonly separator?: string | Uint8Array;
  /** Maximum size of a record in bytes; a larger one fails with MESSAGE_TOO_LARGE. Default: 1 MiB. */
  readonly maxRecord?: number;
}

/** See {@link RecordOptions.maxRecord}. */
export const MAX_RECORD = 1024 * 1024;

const RECORD_OPTIONS = { separator: true, maxRecord: true } satisfies OptionTable<RecordOptions>;

/** A stream of bytes: a Node stream, a web stream, a generator, an array. */
type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Splits a stream of bytes into records, independent of its chunks. The bytes after the last separator are a record, unless
 * there are none. Leaving the iteration early ends the stream. Records of one chunk share its memory: copy a record that is
 * kept for long.
 * @throws RpcError MESSAGE_TOO_LARGE, BAD_REQUEST for an invalid option
 */
export async function* readRecords(source: Source, options: RecordOptions = {}): AsyncGenerator<Buffer, void> {
  const { maxRecord = MAX_RECORD } = options;
  checkedOptions(() => {
    checkOptions(options, RECORD_OPTIONS);
    checkNumber("maxRecord", maxRecord, 1);
  });
  const separator = Buffer.from((options.separator ?? "\n") as string);
  if (separator.length === 0) throw new RpcError("BAD_REQUEST", "option separator: the text is empty");
  /** The incomplete record is its first `size` bytes. Chunks are copied: a list of empty chunks could grow without bound. */
  let pending: Buffer = Buffer.alloc(0);
  let size = 0;
  for await (const chunk of source) {
    pending = append(pending, size, chunk);
    // A separator may start in an earlier chunk.
    let from = Math.max(0, size - separator.length + 1);
    size += chunk.length;
    let start = 0;
    for (let end = indexIn(pending, size, separator, from); end !== -1; end = indexIn(pending, size, separator, from)) {
      if (end - start > maxRecord) throw recordTooLarge(maxRecord);
      yield pending.subarray(start, end);
      from = start = end + separator.length;
    }
    if (start > 0) {
      // Yielded records are views of this memory, so the remainder moves to memory of its own.
      pending = copyBytes(pending.subarray(start, size));
      size -= start;
    }
    if (size >= maxRecord + separator.length) throw recordTooLarge(maxRecord);
  }
  if (size > maxRecord) throw recordTooLarge(maxRecord);
  if (size > 0) yield pending.subarray(0, size);
}

/** Appends `chunk` after the first `size` bytes of `pending`; the memory doubles, so that small chunks cost little. */
function append(pending: Buffer, size: number, chunk: Uint8Array): Buffer {
  const target =
    size + chunk.length <= pending.length ? pending : Buffer.allocUnsafeSlow(Math.max(size + chunk.length, size * 2));
  if (target !== pending) pending.copy(target, 0, 0, size);
  target.set(chunk, size);
  return target;
}

function indexIn(pending: Buffer, size: number, separator: Buffer, from: number): number {
  return pending.subarray(0, size).indexOf(separator, from);
}

/** The lines of a stream as UTF-8 text, without their line ending (LF or CRLF). See {@link readRecords}. */
export async function* readLines(
  source: Source,
  options: Omit<RecordOptions, "separator"> = {},
): AsyncGenerator<string, void> {
  for await (const line of readRecords(source, options)) yield line.toString().replace(/\r$/, "");
}

function recordTooLarge(limit: number): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `a record is longer than ${limit} bytes (maxRecord)`);
}
