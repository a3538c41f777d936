import type { Writable } from "node:stream";

/** Writes a chunk. Resolves when the stream accepts more or is closed; undefined where it accepts more at once. */
export function writeTo(stream: Writable, chunk: string | Uint8Array): Promise<void> | undefined {
  return stream.write(chunk) ? undefined : drained(stream);
}

/** Resolves as {@link writeTo} does, without a write. */
export function drained(stream: Writable): Promise<void> | undefined {
  if (!stream.writableNeedDrain || stream.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
}
