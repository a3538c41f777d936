import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** A korv message: one gzip member of compact JSON. `level` and all else are zlib's defaults, as korv has them. */
export async function encodeMessage(json: string): Promise<Buffer> {
  return gzipAsync(json);
}

const gzipAsync = promisify<string, Buffer>(gzip);
