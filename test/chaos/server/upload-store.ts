import { createHash, type Hash } from "node:crypto";
import { createReadStream, mkdirSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Receipt } from "../generated/types.js";

/** A folder of uploads. An unfinished one is `NAME.part`, which a later run of its handler continues. */
export class UploadStore {
  readonly #folder: string;
  readonly #running = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Whether an upload of this name runs. */
  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  /**
   * Receives one upload, and resolves when its file is on the disk under its name.
   * @param startAt gets the number of bytes of it that an earlier run has stored, and returns where the chunks begin
   */
  async receive(
    name: string,
    chunks: AsyncIterable<Uint8Array>,
    startAt: (offset: number) => number,
  ): Promise<Receipt> {
    this.#running.add(name);
    const path = join(this.#folder, name);
    try {
      const file = await open(`${path}.part`, "a");
      const hash = createHash("sha256");
      let size = 0;
      try {
        size = startAt((await file.stat()).size);
        await file.truncate(size);
        await readInto(hash, `${path}.part`);
        for await (const chunk of chunks) {
          hash.update(chunk);
          await file.appendFile(chunk);
          size += chunk.length;
        }
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(`${path}.part`, path);
      return { size, sha256: hash.digest("hex") };
    } finally {
      this.#running.delete(name);
    }
  }
}

async function readInto(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
}
