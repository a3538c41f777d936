import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** Compressions at the same time: each takes 256 KiB of memory and a thread, of which the process has four by default. */
const CONCURRENT = 2;

/** Bytes of the largest buffer that is kept for the next message. */
const MAX_KEPT = 4 * 1024 * 1024;

const compress = promisify<Buffer, Buffer>(gzip);

/** Buffers for the bytes of messages: new ones of megabytes would be freed late. */
const kept: Buffer[] = [];

/** What waits, by its owner: owners take turns. */
const waiting = new Map<string, (() => void)[]>();
let running = 0;

/** Encodes a message: one gzip member of compact JSON. */
export async function encodeMessage(json: string, owner = ""): Promise<Buffer> {
  if (running < CONCURRENT) running += 1;
  else {
    await new Promise<void>((resolve) => {
      const others = waiting.get(owner);
      if (others === undefined) waiting.set(owner, [resolve]);
      else others.push(resolve);
    });
  }
  const size = Buffer.byteLength(json);
  const last = kept.pop();
  const buffer = last !== undefined && last.length >= size ? last : Buffer.allocUnsafeSlow(size);
  buffer.write(json);
  try {
    return await compress(buffer.subarray(0, size));
  } finally {
    if (buffer.length <= MAX_KEPT) kept.push(buffer);
    next();
  }
}

/** Passes a place on; its owner goes to the end. */
function next(): void {
  for (const [owner, others] of waiting) {
    waiting.delete(owner);
    const proceed = others.shift();
    if (others.length > 0) waiting.set(owner, others);
    proceed?.();
    return;
  }
  running -= 1;
}
