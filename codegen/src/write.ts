import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "./base/usage-error.js";
import { MARK } from "./emit/typescript/text-file.js";

/** What must happen in a folder so that it has exactly the generated files. */
export interface OutputPlan {
  /** The names of files to write, because they are missing or differ. */
  readonly changed: readonly string[];
  /** The names of generated files that nothing generates any more. */
  readonly stale: readonly string[];
}

/**
 * Compares `files` (text by name) with what `folder` has. Line endings are no difference: a checkout may change them.
 * @throws UsageError where `folder` is a file, or would lie in one
 * @throws Error where a file to be written exists and was not generated
 */
export async function planOutput(folder: string, files: ReadonlyMap<string, string>): Promise<OutputPlan> {
  if (!(await canBeFolder(folder))) {
    throw new UsageError(
      `--out ${folder}: a file stands in the place of this folder; remove it or choose another --out`,
    );
  }
  const changed: string[] = [];
  const current = new Map(await readAll(folder, [...files.keys()]));
  for (const [name, text] of files) {
    const before = current.get(name);
    if (before !== undefined && withLf(before) === withLf(text)) continue;
    if (before !== undefined && !isOurs(name, before)) {
      throw new Error(
        `${join(folder, name)}: this file was not generated, so it is not overwritten; choose another --out`,
      );
    }
    changed.push(name);
  }
  const others = (await namesIn(folder)).filter((name) => !files.has(name) && /\.[jt]s$/.test(name));
  const stale = (await readAll(folder, others)).flatMap(([name, text]) =>
    text?.startsWith(`// ${MARK} `) === true ? [name] : [],
  );
  return { changed, stale: stale.sort() };
}

/**
 * Carries a plan out. Everything is written beside its place first and renamed at the end, so that a failure before
 * leaves the folder as it was. It happens in one turn of the event loop: nothing that a schema left behind, such as a timer
 * that ends the process, comes between.
 */
export function writeOutput(folder: string, files: ReadonlyMap<string, string>, plan: OutputPlan): void {
  if (plan.changed.length > 0) mkdirSync(folder, { recursive: true });
  const temporary = (name: string): string => join(folder, `.${name}.${process.pid}.tmp`);
  try {
    for (const name of plan.changed) writeFileSync(temporary(name), files.get(name) ?? "");
    for (const name of plan.changed) renameSync(temporary(name), join(folder, name));
    for (const name of plan.stale) rmSync(join(folder, name));
  } finally {
    for (const name of plan.changed) rmSync(temporary(name), { force: true });
  }
}

function withLf(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

async function canBeFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true;
    if (code === "ENOTDIR") return false;
    throw error;
  }
}

function isOurs(name: string, text: string): boolean {
  return name.endsWith(".json") ? /"sshrpc": \d/.test(text) : text.startsWith(`// ${MARK} `);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function readAll(folder: string, names: readonly string[]): Promise<readonly [string, string | undefined][]> {
  return Promise.all(
    names.map(async (name): Promise<[string, string | undefined]> => [name, await readIfAny(join(folder, name))]),
  );
}

async function readIfAny(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
