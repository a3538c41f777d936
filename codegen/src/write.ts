import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InvalidOptionsError } from "./base/invalid-options-error.js";
import { MARK } from "./emit/target.js";

/** The changes that make a folder hold exactly the generated files. */
export interface OutputPlan {
  /** The names of the files to write: those that are missing or differ. */
  readonly changed: readonly string[];
  /** The names of generated files that the schema no longer produces. */
  readonly stale: readonly string[];
}

/**
 * Compares `files` (text by name) with `folder`. Line endings are ignored, because a Git checkout can change them.
 * @throws InvalidOptionsError if `folder` is a file or would be inside one
 * @throws Error if a file to write exists and is not a generated file
 */
export async function planOutput(folder: string, files: ReadonlyMap<string, string>): Promise<OutputPlan> {
  if (!(await isFolderOrMissing(folder))) {
    throw new InvalidOptionsError(`--out ${folder}: not a directory; remove the file or choose another --out`);
  }
  const changed: string[] = [];
  const current = new Map(await readAll(folder, [...files.keys()]));
  for (const [name, text] of files) {
    const before = current.get(name);
    if (before === text || (before !== undefined && withLf(before) === withLf(text))) continue;
    if (before !== undefined && !isGenerated(name, before)) {
      throw new Error(`${join(folder, name)}: not a generated file, so it is not overwritten; choose another --out`);
    }
    changed.push(name);
  }
  const others = (await namesIn(folder)).filter((name) => !files.has(name) && /\.([jt]s|d\.ts\.map)$/.test(name));
  const stale = (await readAll(folder, others)).flatMap(([name, text]) =>
    text !== undefined && text.trim() !== "" && isGenerated(name, text) ? [name] : [],
  );
  return { changed, stale: stale.sort() };
}

/**
 * Applies a plan. It writes temporary files first and renames them at the end, so that a failed write leaves the folder
 * unchanged. It is synchronous, so that a timer of the schema cannot end the process halfway.
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

async function isFolderOrMissing(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true;
    if (code === "ENOTDIR") return false;
    throw error;
  }
}

/** A merge or a failed write can leave an empty file, which has nothing to lose. */
function isGenerated(name: string, text: string): boolean {
  if (text.trim() === "") return true;
  if (name.endsWith(".map")) return text.startsWith(`{"version":3,"file":"${name.slice(0, -".map".length)}"`);
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
