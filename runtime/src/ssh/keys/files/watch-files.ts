import { type FSWatcher, watch } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Milliseconds between looks of its own: network file systems, and folders that were replaced, tell of no change. */
const LOOK_EVERY = 2000;

/** When to look after something happened, in milliseconds: at once, and when a save of several steps is over. */
const LOOKS = [10, 250];

/**
 * Calls `look` soon after anything happens where `files` lie, and every two seconds. It watches folders, not files: so
 * it also notices files that are replaced, that come again, or that symbolic links lead to. Whether something changed is
 * for `look` to find out, which never rejects. Gives what stops it. It keeps no process alive.
 *
 * @param onError is told once where the system cannot watch; the looks of its own go on then
 */
export async function watchFiles(
  files: readonly string[],
  look: () => void,
  onError: (error: Error) => void,
): Promise<() => Promise<void>> {
  const folders = new Set<string>();
  for (const file of files) {
    folders.add(dirname(resolve(file)));
    folders.add(dirname(await realpath(file).catch(() => resolve(file))));
  }
  const timers = new Set<NodeJS.Timeout>();
  const noticed = (): void => {
    if (timers.size > 0) return;
    for (const delay of LOOKS) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        look();
      }, delay).unref();
      timers.add(timer);
    }
  };
  const watchers = new Map<string, FSWatcher>();
  const report = once(onError);
  const watchFolders = (): void => {
    for (const folder of folders) {
      if (watchers.has(folder)) continue;
      try {
        watchers.set(folder, watch(folder, { persistent: false }, noticed).on("error", report));
        noticed();
      } catch (error) {
        // A folder that is not there may come.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") report(error as Error);
      }
    }
  };
  watchFolders();
  const interval = setInterval(() => {
    watchFolders();
    look();
  }, LOOK_EVERY).unref();
  return async () => {
    clearInterval(interval);
    for (const timer of timers) clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}

function once(action: (error: Error) => void): (error: Error) => void {
  let done = false;
  return (error) => {
    if (!done) action(error);
    done = true;
  };
}
