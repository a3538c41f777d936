import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The endings of modules. */
const ENDING = /\.[cm]?[jt]s$/;

/** What has the ending of a module and is none: declarations, tests, the list of a folder, helpers and hidden files. */
const IGNORED = /^[._]|^index\.|\.d\.[cm]?ts$|\.(?:test|spec)\.[cm]?[jt]s$/;

/**
 * The paths of the modules of a folder, in alphabetical order: files directly in it. Subfolders are ignored, and so are `index` files,
 * files with a leading `_` or `.`, tests and declarations.
 */
export function moduleFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && ENDING.test(entry.name) && !IGNORED.test(entry.name))
    .map(({ name }) => join(folder, name))
    .sort();
}
