import { type FSWatcher, watch } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Polling interval in ms: network file systems and replaced directories emit no events. */
export const POLL_INTERVAL = 2000;

/** Delays after an event in ms: the second one comes after a save in several steps. */
const DELAYS = [10, 250];

/**
 * Calls `onChange` shortly after any event in the directories of `files`, and every 2 seconds. Directories, unlike files, also
 * report files that are replaced, created again, or reached by symbolic links. `onChange` must check what has changed, and must
 * not throw. The watchers do not keep the process alive.
 *
 * @param onError called once where the system cannot watch; polling continues
 * @returns the function that stops watching
 */
export async function watchFiles(
  files: readonly string[],
  onChange: () => void,
  onError: (error: Error) => void,
): Promise<() => Promise<void>> {
  const directories = new Set<string>();
  for (const file of files) {
    directories.add(dirname(resolve(file)));
    directories.add(dirname(await realpath(file).catch(() => resolve(file))));
  }
  const timers = new Set<NodeJS.Timeout>();
  const onEvent = (): void => {
    if (timers.size > 0) return;
    for (const delay of DELAYS) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        onChange();
      }, delay).unref();
      timers.add(timer);
    }
  };
  const watchers = new Map<string, FSWatcher>();
  const report = once(onError);
  const watchDirectories = (): void => {
    for (const directory of directories) {
      if (watchers.has(directory)) continue;
      try {
        watchers.set(directory, watch(directory, { persistent: false }, onEvent).on("error", report));
        onEvent();
      } catch (error) {
        // A missing directory may be created later.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") report(error as Error);
      }
    }
  };
  watchDirectories();
  const interval = setInterval(() => {
    watchDirectories();
    onChange();
  }, POLL_INTERVAL).unref();
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
