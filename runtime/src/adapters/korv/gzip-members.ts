import { crc32, createInflateRaw } from "node:zlib";
import { errorMessage } from "../../base/error-message.js";
import type { HeldBytes } from "../../wire/flow/held-bytes.js";
import { ByteReader } from "./byte-reader.js";
import { KorvError } from "./korv-error.js";

/** Limits of one message, in bytes. */
interface MemberLimits {
  readonly compressed: number;
  readonly decompressed: number;
  /** Charged for a message until it is complete; absent at a client. */
  readonly memory?: HeldBytes;
}

/** Bits of a member's flags (RFC 1952, section 2.3.1). */
const FLAG = { HEADER_CRC: 2, EXTRA: 4, NAME: 8, COMMENT: 16, RESERVED: 0xe0 } as const;

/** Bytes kept of a message that is too large, to find the request that it belongs to. */
const HEAD = 256;

/** Bytes of memory of a decompressor, with its window and its buffer (RFC 1951, section 2). */
const INFLATER = 48 * 1024;

/**
 * Yields the content of concatenated gzip members (RFC 1952), independent of how the chunks split them. It reads no chunk
 * of `source` before it needs one, and never inflates beyond the limit.
 * @throws KorvError where the bytes are not gzip, are truncated, or exceed a limit: the stream cannot be read further
 */
export async function* gunzipMembers(source: AsyncIterable<Buffer>, limits: MemberLimits): AsyncGenerator<Buffer> {
  const input = new ByteReader(source);
  while (await input.hasMore()) {
    input.limit(
      limits.compressed,
      () => new KorvError(`message too large: over ${limits.compressed} bytes compressed`),
    );
    await skipHeader(input);
    const content = await inflate(input, limits);
    const trailer = await input.read(8);
    if (trailer.readUInt32LE(0) !== crc32(content) || trailer.readUInt32LE(4) !== content.length) {
      throw new KorvError("corrupt gzip message: wrong checksum or length");
    }
    yield content;
  }
}

async function skipHeader(input: ByteReader): Promise<void> {
  // The magic bytes are checked first: a client of another protocol may send less than a header, and wait.
  if ((await input.read(2)).readUInt16BE() !== 0x1f8b) throw new KorvError("not gzip: expected the bytes 1f 8b");
  const header = await input.read(8);
  const flags = header[1] as number;
  if (header[0] !== 8 || (flags & FLAG.RESERVED) !== 0) {
    throw new KorvError("unsupported gzip header: compression method or reserved flags");
  }
  if (flags & FLAG.EXTRA) await input.read((await input.read(2)).readUInt16LE());
  if (flags & FLAG.NAME) await input.skipString();
  if (flags & FLAG.COMMENT) await input.skipString();
  if (flags & FLAG.HEADER_CRC) await input.read(2);
}

/** Inflates up to the end of the deflate stream, which marks it itself. */
async function inflate(input: ByteReader, { decompressed: limit, memory }: MemberLimits): Promise<Buffer> {
  take(memory, INFLATER);
  const stream = createInflateRaw();
  const parts: Buffer[] = [];
  let size = 0;
  let outcome: "ended" | KorvError | undefined;
  /** Called when a chunk was consumed, or when there is an outcome. */
  let wake = (): void => undefined;
  const settle = (result: "ended" | KorvError): void => {
    outcome ??= result;
    wake();
  };
  stream.on("data", (part: Buffer) => {
    try {
      take(memory, part.length);
    } catch (error) {
      stream.destroy(error as KorvError);
      return;
    }
    parts.push(part);
    size += part.length;
    if (size > limit) {
      const head = Buffer.concat(parts).subarray(0, HEAD).toString("latin1");
      stream.destroy(new KorvError(`message too large: over ${limit} bytes`, head));
    }
  });
  stream.on("end", () => settle("ended"));
  stream.on("error", (error) => {
    settle(error instanceof KorvError ? error : new KorvError(`corrupt gzip message: ${error.message}`));
  });
  try {
    for (let before = 0; ; before = stream.bytesWritten) {
      const chunk = await input.readChunk();
      // Not Promise.race with one long-lived promise: it would keep the reactions of every chunk, and chunks may be bytes.
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      // zlib calls back when it has consumed the chunk; beyond the end of the stream it emits "end" instead.
      stream.write(chunk, () => {
        if (!stream.destroyed) wake();
      });
      if (outcome === undefined) await woken;
      if (outcome === undefined) continue;
      if (outcome !== "ended") throw outcome;
      input.unread(chunk.subarray(stream.bytesWritten - before));
      return Buffer.concat(parts, size);
    }
  } finally {
    stream.destroy();
    memory?.give(INFLATER + size);
  }
}

/** @throws KorvError where the account of the channel has no room */
function take(memory: HeldBytes | undefined, bytes: number): void {
  try {
    memory?.take(bytes);
  } catch (error) {
    throw new KorvError(errorMessage(error));
  }
}
