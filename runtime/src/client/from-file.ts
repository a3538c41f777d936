import { createReadStream } from "node:fs";
import type { Items } from "./call/method-types.js";

/** Bytes that are read at once. */
const CHUNK = 256 * 1024;

/**
 * The content of a file, as a request stream of `Bytes` that goes on behind what the server has after a lost connection. The file must not change
 * meanwhile. Each attempt opens it and closes it.
 */
export function fromFile(path: string | URL): (offset: number) => Items<Uint8Array> {
  return (start) => createReadStream(path, { start, highWaterMark: CHUNK });
}
