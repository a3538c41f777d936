import { createCipheriv, createHash } from "node:crypto";
import { numberOf } from "../random.js";

const BLOCK = 16;
/** Sizes of uploads, in bytes. */
const [MIN, MAX] = [20_000, 600_000];

/** The size of an upload, which depends on its name alone. */
export function sizeOf(name: string): number {
  return MIN + (numberOf(`${name} size`) % (MAX - MIN));
}

/** Bytes of an upload: those from `offset`, `length` at most. They depend on its name alone, and no two parts are equal. */
export function contentOf(name: string, offset = 0, length = Number.POSITIVE_INFINITY): Buffer {
  const key = createHash("sha256").update(name).digest();
  const counter = Buffer.alloc(BLOCK);
  counter.writeUInt32BE(Math.floor(offset / BLOCK), BLOCK - 4);
  const skip = offset % BLOCK;
  const size = Math.max(0, Math.min(length, sizeOf(name) - offset));
  return createCipheriv("aes-256-ctr", key, counter)
    .update(Buffer.alloc(skip + size))
    .subarray(skip);
}

/** What a receipt of the whole upload says. */
export function receiptOf(name: string): { size: number; sha256: string } {
  return { size: sizeOf(name), sha256: createHash("sha256").update(contentOf(name)).digest("hex") };
}
