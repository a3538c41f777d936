import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";

/** The polling interval in milliseconds: not every file system reports changes. */
const POLL_INTERVAL = 250;

/** The watched files by path: thousands of readers of one file share a watcher and its polling. */
const files = new Map<string, WatchedFile>();

/** Reports when the file at a path may have changed or been replaced. Its creator closes it. */
export class FileChanges {
  readonly #signal: AbortSignal;
  readonly #file: WatchedFile;
  #seen: number;
  #wake = (): void => undefined;

  /** @param signal resolves a pending {@link next} when it aborts */
  constructor(path: string, signal: AbortSignal) {
    this.#signal = signal;
    this.#file = files.get(path) ?? new WatchedFile(path);
    this.#file.users += 1;
    this.#seen = this.#file.version;
    signal.addEventListener("abort", this.#onAbort);
  }

  /** Resolves when the file may have changed since the last call. */
  async next(): Promise<void> {
    if (this.#seen === this.#file.version && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#file.wait(resolve);
      });
    }
    this.#seen = this.#file.version;
  }

  close(): void {
    this.#onAbort();
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#file.users -= 1;
    if (this.#file.users === 0) this.#file.close();
  }

  readonly #onAbort = (): void => {
    this.#file.forget(this.#wake);
    this.#wake();
  };
}

/** The watcher of one file for all that wait for it. The last one closes it. */
class WatchedFile {
  readonly #path: string;
  readonly #waiting = new Set<() => void>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #state = "";
  users = 0;
  /** Changes whenever the file may have changed. */
  version = 0;

  constructor(path: string) {
    this.#path = path;
    files.set(path, this);
    const name = basename(path);
    try {
      // Watches the folder, because a watcher of the file itself follows the file when it is renamed.
      this.#watcher = watch(dirname(path), { persistent: false }, (_, changed) => {
        if (changed === null || changed === name) this.#changed();
      });
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // No watcher is available: polling is slower, but sufficient.
    }
  }

  wait(wake: () => void): void {
    this.#waiting.add(wake);
    this.#timer ??= setTimeout(() => void this.#poll(), POLL_INTERVAL);
  }

  forget(wake: () => void): void {
    this.#waiting.delete(wake);
    if (this.#waiting.size === 0) this.#stop();
  }

  close(): void {
    this.#stop();
    this.#watcher?.close();
    files.delete(this.#path);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #changed(): void {
    this.version += 1;
    this.#stop();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  async #poll(): Promise<void> {
    const state = await stat(this.#path).then(
      ({ dev, ino, size, mtimeMs }) => [dev, ino, size, mtimeMs].join(),
      () => "",
    );
    this.#timer = undefined;
    if (state === "" || state !== this.#state) this.#changed();
    else if (this.#waiting.size > 0) this.#timer = setTimeout(() => void this.#poll(), POLL_INTERVAL);
    this.#state = state;
  }
}
