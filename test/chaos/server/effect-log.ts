import { EventEmitter, once } from "node:events";
import { type FileHandle, open, readFile } from "node:fs/promises";
import type { Effect } from "../history/effect.js";

interface Waiting {
  readonly effect: Effect;
  readonly resolve: (effect: Effect) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The handlers' own record: an append-only file with one line per effect. `append` resolves when the line is on the disk; effects
 * that wait at the same time are synced together.
 */
export class EffectLog {
  readonly #file: FileHandle;
  /** The synced effects: that with number n at n - 1. */
  readonly #effects: Effect[];
  readonly #byKey = new Map<string, Effect>();
  readonly #revisions = new Map<string, number>();
  #last: number;
  #waiting: Waiting[] = [];
  #flushing = false;
  /** Emits "synced". */
  readonly #events = new EventEmitter().setMaxListeners(0);

  private constructor(file: FileHandle, effects: Effect[]) {
    this.#file = file;
    this.#effects = effects;
    this.#last = effects.length;
    for (const effect of effects) this.#index(effect);
  }

  /** Reads the file, or creates it. An incomplete last line, of a process that was killed, is cut off. */
  static async open(path: string): Promise<EffectLog> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const complete = text.slice(0, text.lastIndexOf("\n") + 1);
    const file = await open(path, "a", 0o600);
    await file.truncate(Buffer.byteLength(complete));
    const lines = complete.split("\n").slice(0, -1);
    return new EffectLog(
      file,
      lines.map((line) => JSON.parse(line) as Effect),
    );
  }

  /** The number of the last synced effect. */
  get last(): number {
    return this.#effects.length;
  }

  append(effect: Omit<Effect, "seq">): Promise<Effect> {
    const numbered = { seq: ++this.#last, ...effect };
    return new Promise((resolve, reject) => {
      this.#waiting.push({ effect: numbered, resolve, reject });
      void this.#flush();
    });
  }

  /** The synced effect of a key. */
  find(key: string): Effect | undefined {
    return this.#byKey.get(key);
  }

  /** The greatest synced revision of a setting; 0 for none. */
  revision(name: string): number {
    return this.#revisions.get(name) ?? 0;
  }

  /** All effects after `after`, then those to come, until `signal` aborts, which throws. */
  async *follow(after: number, signal: AbortSignal): AsyncGenerator<Effect, undefined> {
    for (let next = after; ; ) {
      const effect = this.#effects[next];
      if (effect === undefined) await once(this.#events, "synced", { signal });
      else {
        next++;
        yield effect;
      }
    }
  }

  async #flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#file.appendFile(batch.map(({ effect }) => `${JSON.stringify(effect)}\n`).join(""));
        await this.#file.datasync();
      } catch (error) {
        for (const { reject } of batch) reject(error);
        // The file may end with a part of these lines, which no later one may follow: the rejection ends the process.
        throw error;
      }
      for (const { effect, resolve } of batch) {
        this.#effects.push(effect);
        this.#index(effect);
        resolve(effect);
      }
      this.#events.emit("synced");
    }
    this.#flushing = false;
  }

  #index(effect: Effect): void {
    const { key, name, revision } = effect;
    if (key !== undefined) this.#byKey.set(key, effect);
    if (name !== undefined && revision !== undefined) {
      this.#revisions.set(name, Math.max(revision, this.revision(name)));
    }
  }
}
