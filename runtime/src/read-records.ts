import { RpcError } from "./contract/rpc-error.js";

/** How a stream is cut into records. */
export interface RecordOptions {
  /** What stands between them. Default: a line feed. */
  readonly separator?: string | Uint8Array;
  /** Bytes of one record; more ends the iteration with MESSAGE_TOO_LARGE. Default: 1 MiB. */
  readonly maxRecord?: number;
}

/** A stream of bytes: a Node stream, a web stream, a generator, an array. */
type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Cuts a stream of bytes into records, wherever its chunks are cut. What follows the last separator is a record, unless it
 * is empty. Leaving the iteration leaves the stream.
 * @throws RpcError MESSAGE_TOO_LARGE
 */
export async function* readRecords(source: Source, options: RecordOptions = {}): AsyncGenerator<Buffer, void> {
  const { maxRecord = 1024 * 1024 } = options;
  const separator = Buffer.from((options.separator ?? "\n") as string);
  if (separator.length === 0) throw new RpcError("BAD_REQUEST", "the option separator is empty");
  let held: Buffer[] = [];
  let size = 0;
  /** The end of what is held: a separator may begin there. */
  let overlap: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    held.push(Buffer.from(chunk));
    size += chunk.length;
    const recent = Buffer.concat([overlap, chunk]);
    overlap = last(recent, separator.length - 1);
    if (recent.includes(separator)) {
      const all = Buffer.concat(held);
      let start = 0;
      for (let end = all.indexOf(separator); end !== -1; end = all.indexOf(separator, start)) {
        if (end - start > maxRecord) throw tooLarge(maxRecord);
        yield all.subarray(start, end);
        start = end + separator.length;
      }
      held = [all.subarray(start)];
      size = all.length - start;
      overlap = last(all.subarray(start), separator.length - 1);
    }
    if (size >= maxRecord + separator.length) throw tooLarge(maxRecord);
  }
  if (size > maxRecord) throw tooLarge(maxRecord);
  if (size > 0) yield Buffer.concat(held);
}

/** The lines of a stream, as UTF-8, without their ends: a line feed, or a carriage return before one. See {@link readRecords}. */
export async function* readLines(
  source: Source,
  options: Omit<RecordOptions, "separator"> = {},
): AsyncGenerator<string, void> {
  for await (const line of readRecords(source, options)) yield line.toString().replace(/\r$/, "");
}

function last(bytes: Buffer, count: number): Buffer {
  return bytes.subarray(Math.max(0, bytes.length - count));
}

function tooLarge(limit: number): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `a record is longer than ${limit} bytes (maxRecord)`);
}
