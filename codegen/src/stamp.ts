import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFile, nearestModules, sha256, writeCacheFile } from "./base/result-cache.js";
import type { SourceGraph } from "./load/source/source-graph.js";

/** What decides the output of a run. */
interface StampedRun {
  /** The absolute path of the schema. */
  readonly schema: string;
  /** The absolute path of the folder of generated files. */
  readonly out: string;
  /** The other options that change the output. */
  readonly options: string;
}

/** The last complete run, as hashes by path. */
interface Stamp {
  readonly inputs: Readonly<Record<string, string>>;
  readonly missing: readonly string[];
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Whether a run would change nothing, known without the compiler: the schema's files, the generated files and the generator
 * are those of the last run. A schema that reads something else, such as the environment, has no stamp.
 */
export function isUpToDate(run: StampedRun): boolean {
  try {
    const { inputs, missing, outputs } = JSON.parse(readFileSync(stampFile(run), "utf8")) as Stamp;
    return (
      Object.entries(inputs).every(([file, hash]) => hashOfFile(file) === hash) &&
      !missing.some((file) => existsSync(file)) &&
      JSON.stringify(outputsOf(run.out)) === JSON.stringify(outputs)
    );
  } catch {
    return false;
  }
}

/**
 * Remembers a complete run that began at `start`, in ms since 1970, unless a file of the schema was saved meanwhile: the run may have read
 * it before. A folder that cannot be written costs the next run its time, and nothing else.
 */
export function writeStamp(run: StampedRun, { files, missing, isPure }: SourceGraph, start: number): void {
  if (!isPure) return;
  try {
    if (files.some((file) => isChangedSince(file, start))) return;
    const inputs = Object.fromEntries(files.map((file) => [file, hashOfFile(file)]));
    writeCacheFile(stampFile(run), JSON.stringify({ inputs, missing, outputs: outputsOf(run.out) }));
  } catch {}
}

/** Times of files are those of the last tick of the system, every 10 ms at most. */
const TICK = 10;

/** The time of a file that another one has replaced is that of its inode (ctime). */
function isChangedSince(file: string, time: number): boolean {
  const { mtimeMs, ctimeMs } = statSync(file);
  return Math.max(mtimeMs, ctimeMs) > time - TICK;
}

/** The name holds the identity of the generator and the versions of the packages that a schema imports. */
function stampFile(run: StampedRun): string {
  return cacheFile(run.schema, "gen", [run, packageVersion("typebox", run.schema)]);
}

function packageVersion(name: string, from: string): unknown {
  const file = join(nearestModules(dirname(from)), name, "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : undefined;
}

function outputsOf(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder).filter((name) => /\.([jt]s|json|map)$/.test(name));
  return Object.fromEntries(names.sort().map((name) => [name, hashOfFile(join(folder, name))]));
}

/** Line endings do not count: a checkout can change them. */
function hashOfFile(file: string): string {
  return sha256(readFileSync(file, "utf8").replaceAll("\r\n", "\n"));
}
