import { promisify } from "node:util";
import { gzip } from "node:zlib";

const compress = promisify<string, Buffer>(gzip);

/** Makes a korv message, which is one gzip member of compact JSON. */
export function encodeMessage(json: string): Promise<Buffer> {
  return compress(json);
}
