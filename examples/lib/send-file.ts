import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Checksum } from "../../generated/types.js";

/** Bytes per read. */
const CHUNK = 256 * 1024;

/**
 * Yields the content of an open file in chunks, and returns its size and checksum. The caller closes the file.
 * @param start of the chunks in bytes; the checksum is that of the whole file
 */
export async function* sendFile(handle: FileHandle, start = 0): AsyncGenerator<Uint8Array, Checksum> {
  const hash = createHash("sha256");
  let bytes = 0;
  if (start > 0) {
    for await (const chunk of handle.createReadStream({ start: 0, end: start - 1, autoClose: false })) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  }
  for (;;) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, bytes);
    if (bytesRead === 0) return { bytes, sha256: hash.digest("hex") };
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    bytes += bytesRead;
    yield chunk;
  }
}
