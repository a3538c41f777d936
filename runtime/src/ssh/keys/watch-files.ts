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
  const { watch } = await import("chokidar");
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
  const watcher = watch([...folders], {
    depth: 0,
    ignoreInitial: true,
    persistent: false,
    // A folder may hold any number of other files, each of which would take a watch.
    ignored: (path) => !folders.has(path),
  });
  watcher.on("raw", noticed).on("ready", noticed);
  watcher.once("error", (error) => onError(error as Error)).on("error", () => {});
  const interval = setInterval(look, LOOK_EVERY).unref();
  return async () => {
    clearInterval(interval);
    for (const timer of timers) clearTimeout(timer);
    await watcher.close();
  };
}
