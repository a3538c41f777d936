import { existsSync, statSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { type FSWatcher, watch } from "chokidar";

/** How long to wait for further changes, in milliseconds: one save may be several steps (write, rename, touch). */
const SETTLE = 10;

/** When to look again at what changed, in milliseconds: chokidar says nothing of a change within 50 ms of the last. */
const SECOND_LOOK = 75;

/**
 * Calls back when one of some files appears, changes or goes. It watches folders, not files: so it also notices files
 * that do not exist yet, and those that an editor replaces.
 */
export class FileWatch {
  readonly #watcher: FSWatcher;
  readonly #ready: Promise<void>;
  readonly #onChange: (changed: readonly string[]) => void;
  /** Which folder of a path is watched: another may take its place, and goes unnoticed then. */
  readonly #folders = new Map<string, string>();
  readonly #changed = new Set<string>();
  /** What the files were like that changed last. */
  #reported = new Map<string, string>();
  /** What each followed file was like when it was last looked at. */
  readonly #seen = new Map<string, string>();
  #files: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  /** @param onChange is told the absolute paths that changed, once for all changes of one save. */
  constructor(onChange: (changed: readonly string[]) => void) {
    this.#onChange = onChange;
    this.#watcher = watch([], { ignoreInitial: true, depth: 0, atomic: false });
    this.#watcher.on("all", (event, path) => {
      if (event === "unlinkDir") this.#forget(resolve(path));
      this.#noticed(resolve(path));
    });
    // Chokidar says nothing of a folder that another one replaced, nor of one that comes again after it was unwatched.
    this.#watcher.on("raw", () => {
      if (this.#timer === undefined) this.#schedule(SETTLE);
    });
    // A folder that cannot be watched, or went: what is still there goes on being watched.
    this.#watcher.on("error", () => {});
    this.#ready = new Promise((done) => {
      this.#watcher.once("ready", () => done());
    });
  }

  /** Watches exactly `files`, absolute paths, from now on. */
  async follow(files: Iterable<string>): Promise<void> {
    this.#files = new Set(files);
    for (const file of this.#seen.keys()) if (!this.#files.has(file)) this.#seen.delete(file);
    for (const file of this.#files) if (!this.#seen.has(file)) this.#seen.set(file, stateOf(file));
    if (!this.#watchFolders()) return;
    // Chokidar says nothing of what happens before it has read a folder.
    this.#schedule(SECOND_LOOK);
    await this.#ready;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#watcher.close();
    clearTimeout(this.#timer);
  }

  /** Watches the folders of all files, or the nearest around them; whether that added any. */
  #watchFolders(): boolean {
    this.#checkFolders();
    const added = [...new Set([...this.#files].map(existingFolder))].filter((folder) => !this.#folders.has(folder));
    for (const folder of added) this.#folders.set(folder, identityOf(folder));
    if (added.length > 0) this.#watcher.add(added);
    return added.length > 0;
  }

  /** A folder that another one replaced counts as a change of what is in it. */
  #checkFolders(): void {
    for (const [folder, identity] of this.#folders) {
      if (identityOf(folder) === identity) continue;
      this.#forget(folder);
      this.#noticed(folder);
    }
  }

  #forget(folder: string): void {
    if (this.#folders.delete(folder)) this.#watcher.unwatch(folder);
  }

  #noticed(path: string): void {
    // A folder on the way to a missing file counts: the file may have come with it.
    const concerned = this.#files.has(path) || [...this.#files].some((file) => file.startsWith(path + sep));
    // A look may have come before the event.
    if (!concerned || this.#reported.get(path) === stateOf(path)) return;
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
    this.#schedule(SECOND_LOOK);
    this.#onChange(changed);
  }
}

/** Differs between two versions of a file. */
function stateOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? "" : `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
}

/** Differs between two folders that have the same path, one after the other. */
function identityOf(folder: string): string {
  const stats = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? "" : `${stats.dev} ${stats.ino} ${stats.birthtimeNs}`;
}

function existingFolder(file: string): string {
  let folder = dirname(file);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
