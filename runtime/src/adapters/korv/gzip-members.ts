import { crc32, createInflateRaw } from "node:zlib";
import { ByteReader } from "./byte-reader.js";
import { KorvError } from "./korv-error.js";

/** Bounds of one message, in bytes. */
export interface MemberLimits {
  /** As it travels. */
  readonly compressed: number;
  /** As the JSON text that it holds. */
  readonly decompressed: number;
}

/** Bits of a member's flags (RFC 1952, section 2.3.1). */
const FLAG = { HEADER_CRC: 2, EXTRA: 4, NAME: 8, COMMENT: 16, RESERVED: 0xe0 } as const;

/** How much of a message that is too large is kept, to tell whose it was. */
const HEAD = 256;

/**
 * Reads concatenated gzip members (RFC 1952), however they are split and joined, and gives what each holds. It takes no
 * more from `source` than it is asked for, and never inflates beyond the limit.
 * @throws KorvError where the bytes are no gzip, end within a member, or exceed a limit: nothing can follow then
 */
export async function* gunzipMembers(source: AsyncIterable<Buffer>, limits: MemberLimits): AsyncGenerator<Buffer> {
  const input = new ByteReader(source);
  while (await input.more()) {
    input.limit(limits.compressed, () => new KorvError(`a message is over ${limits.compressed} bytes compressed`));
    await skipHeader(input);
    const content = await inflate(input, limits.decompressed);
    const trailer = await input.take(8);
    if (trailer.readUInt32LE(0) !== crc32(content) || trailer.readUInt32LE(4) !== content.length) {
      throw new KorvError("a message is damaged: its checksum is wrong");
    }
    yield content;
  }
}

async function skipHeader(input: ByteReader): Promise<void> {
  // The magic is looked at by itself: whoever sends something else may wait for an answer before the tenth byte.
  if ((await input.take(2)).readUInt16BE() !== 0x1f8b) throw new KorvError("what came is no gzip");
  const header = await input.take(8);
  const flags = header[1] as number;
  if (header[0] !== 8 || (flags & FLAG.RESERVED) !== 0) throw new KorvError("what came is no gzip that can be read");
  if (flags & FLAG.EXTRA) await input.take((await input.take(2)).readUInt16LE());
  if (flags & FLAG.NAME) await input.skipText();
  if (flags & FLAG.COMMENT) await input.skipText();
  if (flags & FLAG.HEADER_CRC) await input.take(2);
}

/** Inflates up to the end of the deflate stream, which alone knows where that is. */
async function inflate(input: ByteReader, limit: number): Promise<Buffer> {
  const stream = createInflateRaw();
  const parts: Buffer[] = [];
  let size = 0;
  let outcome: "ended" | KorvError | undefined;
  /** Called when a chunk was taken, or when there is an outcome. */
  let wake = (): void => undefined;
  const settle = (how: "ended" | KorvError): void => {
    outcome ??= how;
    wake();
  };
  stream.on("data", (part: Buffer) => {
    parts.push(part);
    size += part.length;
    if (size > limit) {
      const head = Buffer.concat(parts).subarray(0, HEAD).toString("latin1");
      stream.destroy(new KorvError(`a message is over ${limit} bytes`, head));
    }
  });
  stream.on("end", () => settle("ended"));
  stream.on("error", (error) => {
    settle(error instanceof KorvError ? error : new KorvError(`a message is damaged: ${error.message}`));
  });
  try {
    for (let before = 0; ; before = stream.bytesWritten) {
      const chunk = await input.chunk();
      // Not a race with one promise of the end: each race would stay with it, and a peer may send a byte a chunk.
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      // zlib calls back for what it has taken; what follows the end it leaves, and ends instead.
      stream.write(chunk, () => {
        if (!stream.destroyed) wake();
      });
      if (outcome === undefined) await woken;
      if (outcome === undefined) continue;
      if (outcome !== "ended") throw outcome;
      input.giveBack(chunk.subarray(stream.bytesWritten - before));
      return Buffer.concat(parts, size);
    }
  } finally {
    stream.destroy();
  }
}
