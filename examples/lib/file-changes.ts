import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Milliseconds after which one should look, whatever the system says: not every file system tells of changes. */
const LOOK_AGAIN = 250;

/** Tells when the file at a path may have changed, or may have become another one. Whoever makes it closes it. */
export class FileChanges {
  readonly #signal: AbortSignal;
  #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  /** @param signal wakes whoever waits when it aborts */
  constructor(path: string, signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#notice);
    const name = basename(path);
    try {
      // The folder, because a watcher of the file itself follows the file when that is renamed.
      this.#watcher = watch(dirname(path), { persistent: false }, (_, changed) => {
        if (changed === null || changed === name) this.#notice();
      });
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // The system has no watcher left. Looking again is slower, and enough.
    }
  }

  /** Resolves when something may have changed since the last time, after a moment in any case. */
  async next(): Promise<void> {
    if (!this.#changed && !this.#signal.aborted) await this.#wait();
    this.#changed = false;
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#notice);
    this.#watcher?.close();
  }

  readonly #notice = (): void => {
    this.#changed = true;
    this.#wake?.();
  };

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_AGAIN);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
