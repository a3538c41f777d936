import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** The polling interval in milliseconds: not every file system reports changes. */
const POLL_INTERVAL = 250;

/** Reports when the file at a path may have changed or been replaced. Its creator closes it. */
export class FileChanges {
  readonly #signal: AbortSignal;
  #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  /** @param signal resolves a pending {@link next} when it aborts */
  constructor(path: string, signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#wakeUp);
    const name = basename(path);
    try {
      // Watches the folder, because a watcher of the file itself follows the file when it is renamed.
      this.#watcher = watch(dirname(path), { persistent: false }, (_, changed) => {
        if (changed === null || changed === name) this.#wakeUp();
      });
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // No watcher is available: polling is slower, but sufficient.
    }
  }

  /** Resolves when the file may have changed since the last call, at the latest after the polling interval. */
  async next(): Promise<void> {
    if (!this.#changed && !this.#signal.aborted) await this.#wait();
    this.#changed = false;
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#wakeUp);
    this.#watcher?.close();
  }

  readonly #wakeUp = (): void => {
    this.#changed = true;
    this.#wake?.();
  };

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_INTERVAL);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
