import { renameSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type FileState, fileState } from "./base/file-state.js";
import { InvalidOptionsError } from "./base/invalid-options-error.js";
import { makeDirectory } from "./base/make-directory.js";
import { MARK } from "./emit/target.js";

/** The changes that make a folder hold exactly the generated files. */
export interface OutputPlan {
  /** The names of the files to write: those that are missing or differ. */
  readonly changed: readonly string[];
  /** The names of generated files that the schema no longer produces. */
  readonly stale: readonly string[];
}

/** The folder of the generated files. It remembers what it has read, so that a watch reads only what others have changed. */
export class OutputFolder {
  readonly #folder: string;
  readonly #known = new Map<string, KnownFile>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Compares `files` (text by name) with the folder. Line endings are ignored, because a Git checkout can change them.
   * @throws InvalidOptionsError if the folder is a file or would be inside one
   * @throws Error if a file to write exists and is not a generated file
   */
  async plan(files: ReadonlyMap<string, string>): Promise<OutputPlan> {
    const folder = this.#folder;
    if (!(await isFolderOrMissing(folder))) {
      throw new InvalidOptionsError(`--out ${folder}: not a directory; remove the file or choose another --out`);
    }
    const changed: string[] = [];
    const current = await this.#readAll([...files.keys()]);
    for (const [name, text] of files) {
      const before = current.get(name);
      if (before === text || (before !== undefined && withLf(before) === withLf(text))) continue;
      if (before !== undefined && !isGenerated(name, before)) {
        throw new Error(`${join(folder, name)}: not a generated file, so it is not overwritten; choose another --out`);
      }
      changed.push(name);
    }
    const others = (await namesIn(folder)).filter((name) => !files.has(name) && /\.([jt]s|d\.ts\.map)$/.test(name));
    const stale = [...(await this.#readAll(others))].flatMap(([name, text]) =>
      text !== undefined && text.trim() !== "" && isGenerated(name, text) ? [name] : [],
    );
    return { changed, stale: stale.sort() };
  }

  /**
   * Applies a plan. It writes temporary files first and renames them at the end, so that a failed write leaves the folder
   * unchanged. It is synchronous, so that a timer of the schema cannot end the process halfway.
   */
  write(files: ReadonlyMap<string, string>, plan: OutputPlan): void {
    const folder = this.#folder;
    if (plan.changed.length > 0) makeDirectory(folder);
    const temporary = (name: string): string => join(folder, `.${name}.${process.pid}.tmp`);
    try {
      for (const name of plan.changed) writeFileSync(temporary(name), files.get(name) ?? "");
      for (const name of plan.changed) renameSync(temporary(name), join(folder, name));
      for (const name of plan.stale) rmSync(join(folder, name));
    } finally {
      for (const name of plan.changed) rmSync(temporary(name), { force: true });
    }
    this.#remember(plan.changed.map((name) => ({ name, state: fileState(join(folder, name)), text: files.get(name) })));
  }

  #remember(files: readonly KnownFile[]): void {
    for (const file of files) this.#known.set(file.name, file);
  }

  async #readAll(names: readonly string[]): Promise<ReadonlyMap<string, string | undefined>> {
    const read = await Promise.all(names.map((name) => this.#read(name)));
    this.#remember(read.filter(({ state }) => state.isSettled));
    return new Map(read.map(({ name, text }) => [name, text]));
  }

  async #read(name: string): Promise<KnownFile> {
    const file = join(this.#folder, name);
    // Before the text: a change between the two is found by the next run.
    const state = fileState(file);
    const known = this.#known.get(name);
    if (known !== undefined && known.state.id === state.id) return known;
    return { name, state, text: await readIfAny(file) };
  }
}

/** A file as it was read or written. */
interface KnownFile {
  readonly name: string;
  readonly state: FileState;
  readonly text: string | undefined;
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

async function readIfAny(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
