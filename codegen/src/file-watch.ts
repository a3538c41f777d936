import { existsSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { type FSWatcher, watch } from "chokidar";

/** How long to wait for further changes, in milliseconds: one save may be several steps (write, rename, touch). */
const SETTLE = 20;

/**
 * Calls back when one of some files appears, changes or goes. It watches folders, not files: so it also notices files
 * that do not exist yet, and those that an editor replaces.
 */
export class FileWatch {
  readonly #watcher: FSWatcher;
  readonly #ready: Promise<void>;
  readonly #onChange: (changed: readonly string[]) => void;
  readonly #folders = new Set<string>();
  readonly #changed = new Set<string>();
  #files: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  /** @param onChange is told the absolute paths that changed, once for all changes of one save. */
  constructor(onChange: (changed: readonly string[]) => void) {
    this.#onChange = onChange;
    this.#watcher = watch([], { ignoreInitial: true, depth: 0, atomic: false });
    this.#watcher.on("all", (_event, path) => this.#noticed(resolve(path)));
    // A folder that cannot be watched, or went: what is still there goes on being watched.
    this.#watcher.on("error", () => {});
    this.#ready = new Promise((done) => {
      this.#watcher.once("ready", () => done());
    });
  }

  /** Watches exactly `files`, absolute paths, from now on. */
  async follow(files: Iterable<string>): Promise<void> {
    this.#files = new Set(files);
    const added = [...new Set([...this.#files].map(existingFolder))].filter((folder) => !this.#folders.has(folder));
    if (added.length === 0) return;
    for (const folder of added) this.#folders.add(folder);
    this.#watcher.add(added);
    await this.#ready;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#watcher.close();
  }

  #noticed(path: string): void {
    // A folder on the way to a missing file counts: the file may have come with it.
    const concerned = this.#files.has(path) || [...this.#files].some((file) => file.startsWith(path + sep));
    if (!concerned) return;
    this.#changed.add(path);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const changed = [...this.#changed].sort();
      this.#changed.clear();
      this.#onChange(changed);
    }, SETTLE);
  }
}

function existingFolder(file: string): string {
  let folder = dirname(file);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
