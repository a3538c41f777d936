import { existsSync, lstatSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { makeDirectory } from "../../base/make-directory.js";

/**
 * The folder for JavaScript that was made from a TypeScript file: in `node_modules/.cache` of the project, private to this user,
 * because its content runs as this user. The default of jiti is a folder in the temporary directory that all users share.
 * @returns false for no cache, where the project has no such folder, or another user has access to it
 */
export function transformCache(file: string): string | false {
  const modules = findModules(dirname(file));
  if (modules === undefined) return false;
  const folder = join(modules, ".cache", "sshrpc");
  try {
    makeDirectory(folder, 0o700);
    const stats = lstatSync(folder);
    const isPrivate = stats.isDirectory() && stats.uid === userInfo().uid && (stats.mode & 0o077) === 0;
    return isPrivate ? folder : false;
  } catch {
    return false;
  }
}

/** The nearest `node_modules` at or above a directory. */
function findModules(directory: string): string | undefined {
  const modules = join(directory, "node_modules");
  if (existsSync(modules)) return modules;
  const parent = dirname(directory);
  return parent === directory ? undefined : findModules(parent);
}
