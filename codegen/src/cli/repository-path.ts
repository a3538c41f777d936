import { existsSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

/**
 * The path of a file as annotations of GitHub Actions need it: relative to the root of the git repository around `cwd`. Unchanged outside
 * of one.
 * @param file relative to `cwd`, or absolute
 */
export function repositoryPath(file: string, cwd: string): string {
  const folder = real(cwd);
  const root = rootAround(folder);
  const path = root === undefined ? "" : relative(root, real(resolve(folder, file)));
  const isOutside = path === "" || path.startsWith(`..${sep}`) || isAbsolute(path);
  return isOutside ? file : path.split(sep).join("/");
}

/** The nearest folder with a `.git`, which is a file in a worktree and in a submodule. */
function rootAround(folder: string): string | undefined {
  if (existsSync(join(folder, ".git"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : rootAround(parent);
}

/** The path without symbolic links, as git sees it. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
