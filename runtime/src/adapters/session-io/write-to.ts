import type { Writable } from "node:stream";

/** Resolves when the stream takes more, or will take nothing any more; undefined where it takes more already. */
export function writeTo(stream: Writable, chunk: string | Uint8Array): Promise<void> | undefined {
  return stream.write(chunk) ? undefined : drained(stream);
}

/** See {@link writeTo}; nothing is written. */
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
