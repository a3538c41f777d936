import { copyBytes } from "../base/copy-bytes.js";
import { RpcError } from "../contract/rpc-error.js";

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
 * is empty. Leaving the iteration leaves the stream. Records of one chunk share its memory: copy those that are kept for long.
 * @throws RpcError MESSAGE_TOO_LARGE
 */
export async function* readRecords(source: Source, options: RecordOptions = {}): AsyncGenerator<Buffer, void> {
  const { maxRecord = 1024 * 1024 } = options;
  const separator = Buffer.from((options.separator ?? "\n") as string);
  if (separator.length === 0) throw new RpcError("BAD_REQUEST", "the option separator is empty");
  /** The record that is not whole: the first `size` bytes. Chunks are not kept, for a peer may send them empty without end. */
  let held: Buffer = Buffer.alloc(0);
  let size = 0;
  for await (const chunk of source) {
    held = append(held, size, chunk);
    // A separator may begin in what was there before.
    let from = Math.max(0, size - separator.length + 1);
    size += chunk.length;
    let start = 0;
    for (let end = indexIn(held, size, separator, from); end !== -1; end = indexIn(held, size, separator, from)) {
      if (end - start > maxRecord) throw tooLarge(maxRecord);
      yield held.subarray(start, end);
      from = start = end + separator.length;
    }
    if (start > 0) {
      // Records that were given away are views of this memory: what is left needs some of its own.
      held = copyBytes(held.subarray(start, size));
      size -= start;
    }
    if (size >= maxRecord + separator.length) throw tooLarge(maxRecord);
  }
  if (size > maxRecord) throw tooLarge(maxRecord);
  if (size > 0) yield held.subarray(0, size);
}

/** The chunk behind the first `size` bytes of what is held; the memory doubles, so that small chunks cost little. */
function append(held: Buffer, size: number, chunk: Uint8Array): Buffer {
  const room =
    size + chunk.length <= held.length ? held : Buffer.allocUnsafeSlow(Math.max(size + chunk.length, size * 2));
  if (room !== held) held.copy(room, 0, 0, size);
  room.set(chunk, size);
  return room;
}

function indexIn(held: Buffer, size: number, separator: Buffer, from: number): number {
  return held.subarray(0, size).indexOf(separator, from);
}

/** The lines of a stream, as UTF-8, without their ends: a line feed, or a carriage return before one. See {@link readRecords}. */
export async function* readLines(
  source: Source,
  options: Omit<RecordOptions, "separator"> = {},
): AsyncGenerator<string, void> {
  for await (const line of readRecords(source, options)) yield line.toString().replace(/\r$/, "");
}

function tooLarge(limit: number): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `a record is longer than ${limit} bytes (maxRecord)`);
}
