import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeDirectory } from "./make-directory.js";

/** The number of files in one folder after which all are removed. */
const MAX_FILES = 64;

/**
 * A file in `node_modules/.cache/sshrpc` of the project of `schema`.
 * @param purpose begins the name of the file
 * @param identity what else the content depends on; the schema and the generator itself are always part of it
 * @throws Error if there is no node_modules: such a project has no place for a cache
 */
export function cacheFile(schema: string, purpose: string, identity: unknown): string {
  const key = JSON.stringify([schema, identity, process.version, generatorFiles()]);
  return join(nearestModules(dirname(schema)), ".cache", "sshrpc", `${purpose}-${sha256(key).slice(0, 32)}.json`);
}

/** Writes a file of the cache, whole or not at all. @throws Error of the file system */
export function writeCacheFile(file: string, text: string): void {
  const folder = dirname(file);
  makeDirectory(folder);
  // Those of earlier generators and of folders that are gone.
  const others = readdirSync(folder);
  if (others.length > MAX_FILES) for (const name of others) rmSync(join(folder, name), { force: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

/** The nearest node_modules around `from`. @throws Error if there is none */
export function nearestModules(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "node_modules"))) return join(folder, "node_modules");
    if (dirname(folder) === folder) throw new Error("no node_modules");
  }
}

/** The SHA-256 of a text, as hexadecimal digits. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Its own files, so that another build of the generator does not use them. */
function generatorFiles(): readonly string[] {
  const folder = dirname(dirname(fileURLToPath(import.meta.url)));
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.[jt]s$/.test(name));
  return names.sort().map((name) => {
    const { size, mtimeMs } = statSync(join(folder, name));
    return `${name} ${size} ${mtimeMs}`;
  });
}

/** Results of slow steps by their inputs, kept in the project for the next process. Without a place for them it is empty. */
export class ResultCache<Result> {
  readonly #file: string | undefined;
  #previous: ReadonlyMap<string, Result>;
  #used = new Map<string, Result>();
  #changed = false;

  /** @param place the absolute path of the schema, and what the results are of; without it they end with the process */
  constructor(place?: { readonly schema: string; readonly purpose: string }) {
    const { file, results } = readResults<Result>(place);
    this.#file = file;
    this.#previous = results;
  }

  /** Drops the results that the previous run did not use. To be called before each run. */
  startRun(): void {
    if (this.#used.size > 0) this.#previous = this.#used;
    this.#used = new Map();
  }

  /** The result for `key`, a hash of what decides it alone; `compute` makes it where it is unknown. */
  get(key: string, compute: () => Result): Result {
    const known = this.#used.get(key) ?? this.#previous.get(key);
    const result = known ?? compute();
    this.#used.set(key, result);
    this.#changed ||= known === undefined;
    return result;
  }

  /** Writes the results that the last run used, if there are new ones. A folder that cannot be written costs the next process its time. */
  save(): void {
    if (!this.#changed || this.#file === undefined) return;
    try {
      writeCacheFile(this.#file, JSON.stringify(Object.fromEntries(this.#used)));
      this.#changed = false;
    } catch {}
  }
}

function readResults<Result>(place: { readonly schema: string; readonly purpose: string } | undefined): {
  file?: string;
  results: ReadonlyMap<string, Result>;
} {
  try {
    if (place === undefined) return { results: new Map() };
    const file = cacheFile(place.schema, place.purpose, []);
    try {
      return { file, results: new Map(Object.entries(JSON.parse(readFileSync(file, "utf8")))) };
    } catch {
      return { file, results: new Map() };
    }
  } catch {
    return { results: new Map() };
  }
}
