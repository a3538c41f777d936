import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** Compressions at the same time: each takes 256 KiB of memory and a thread, of which the process has four by default. */
const CONCURRENT = 2;

const compress = promisify<string, Buffer>(gzip);

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
  try {
    return await compress(json);
  } finally {
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
