import { existsSync, statSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { type FSWatcher, watch } from "chokidar";

/** The wait for further changes, in ms: one save can consist of several steps (write, rename, touch). */
const SETTLE = 10;

/** The wait before changed files are checked again, in ms: chokidar drops a change within 50 ms of the last one. */
const RECHECK = 75;

/**
 * Notifies when a file of a set appears, changes or disappears. It watches folders rather than files, so it also detects
 * files that do not exist yet and files that an editor replaces.
 */
export class FileWatch {
  readonly #watcher: FSWatcher;
  readonly #ready: Promise<void>;
  readonly #onChange: (changed: readonly string[]) => void;
  /** The watched folders, with their identity: chokidar does not report a folder that replaces another. */
  readonly #folders = new Map<string, string>();
  readonly #changed = new Set<string>();
  /** The state of the files of the last report. */
  #reported = new Map<string, string>();
  /** The state of each watched file at the last check. */
  readonly #seen = new Map<string, string>();
  #files: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  /** @param onChange receives the absolute paths that changed, once for all changes of one save. */
  constructor(onChange: (changed: readonly string[]) => void) {
    this.#onChange = onChange;
    this.#watcher = watch([], { ignoreInitial: true, depth: 0, atomic: false });
    this.#watcher.on("all", (event, path) => {
      if (event === "unlinkDir") this.#forget(resolve(path));
      this.#handle(resolve(path));
    });
    // Chokidar reports neither a replaced folder nor one that reappears after it was unwatched.
    this.#watcher.on("raw", () => {
      if (this.#timer === undefined) this.#schedule(SETTLE);
    });
    // A folder cannot be watched or has disappeared. The other folders remain watched.
    this.#watcher.on("error", () => {});
    this.#ready = new Promise((done) => {
      this.#watcher.once("ready", () => done());
    });
  }

  /** Replaces the set of watched files, given as absolute paths. */
  async follow(files: Iterable<string>): Promise<void> {
    this.#files = new Set(files);
    for (const file of this.#seen.keys()) if (!this.#files.has(file)) this.#seen.delete(file);
    for (const file of this.#files) if (!this.#seen.has(file)) this.#seen.set(file, stateOf(file));
    if (!this.#watchFolders()) return;
    // Chokidar does not report changes before it has read the folder.
    this.#schedule(RECHECK);
    await this.#ready;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#watcher.close();
    clearTimeout(this.#timer);
  }

  /** Watches the folder of each file, or its nearest existing parent. @returns whether a folder was added */
  #watchFolders(): boolean {
    this.#checkFolders();
    const added = [...new Set([...this.#files].map(existingFolder))].filter((folder) => !this.#folders.has(folder));
    for (const folder of added) this.#folders.set(folder, identityOf(folder));
    if (added.length > 0) this.#watcher.add(added);
    return added.length > 0;
  }

  /** Treats a replaced folder as a change of the files in it. */
  #checkFolders(): void {
    for (const [folder, identity] of this.#folders) {
      if (identityOf(folder) === identity) continue;
      this.#forget(folder);
      this.#handle(folder);
    }
  }

  #forget(folder: string): void {
    if (this.#folders.delete(folder)) this.#watcher.unwatch(folder);
  }

  #handle(path: string): void {
    // A folder that contains a watched path counts: the file may have appeared with it.
    const isWatched = this.#files.has(path) || [...this.#files].some((file) => file.startsWith(path + sep));
    // A check may have reported the change before the event.
    if (!isWatched || this.#reported.get(path) === stateOf(path)) return;
    this.#changed.add(path);
    this.#schedule(SETTLE);
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#report(), delay);
  }

  #report(): void {
    this.#timer = undefined;
    this.#watchFolders();
    for (const file of this.#files) {
      const state = stateOf(file);
      if (this.#seen.get(file) !== state) this.#changed.add(file);
      this.#seen.set(file, state);
    }
    this.#reported = new Map([...this.#changed].map((path) => [path, stateOf(path)]));
    const changed = [...this.#changed].sort();
    this.#changed.clear();
    if (changed.length === 0) return;
    this.#schedule(RECHECK);
    this.#onChange(changed);
  }
}

/** A string that differs between two versions of a file. */
function stateOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? "" : `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
}

/** A string that differs between two folders which have the same path at different times. */
function identityOf(folder: string): string {
  const stats = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? "" : `${stats.dev} ${stats.ino} ${stats.birthtimeNs}`;
}

function existingFolder(file: string): string {
  let folder = dirname(file);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
