import type { ts } from "ts-morph";
import { canMutate } from "./can-mutate.js";
import type { SourceFiles } from "./source-files.js";
import type { SourceGraph } from "./source-graph.js";

/** A version of a module with all that it imports: the same object in two runs if these are the same. */
interface ModuleVersion {
  readonly source: ts.SourceFile;
  /** The files that the module imports, in order. */
  readonly imports: readonly (string | undefined)[];
}

/** The versions of modules, by file. */
export type ModuleVersions = ReadonlyMap<string, ModuleVersion>;

/**
 * The versions of the modules of `graph`. A module has its version of `previous` if neither it nor a module that it imports has
 * changed, and if no module of both runs can change what another one exports.
 */
export function moduleVersions(sources: SourceFiles, graph: SourceGraph, previous: ModuleVersions): ModuleVersions {
  const current = new Map<string, ModuleVersion>();
  for (const file of graph.files) {
    const source = sources.read(file);
    if (source !== undefined) current.set(file, { source, imports: sources.references(file).map((one) => one.file) });
  }
  if (previous.size === 0 || !graph.isPure) return current;
  const isSafe = [previous, current].every((versions) => [...versions.values()].every((one) => !canMutate(one.source)));
  if (!isSafe) return current;
  const changed = changedFiles(current, previous);
  for (const [file, version] of previous) if (current.has(file) && !changed.has(file)) current.set(file, version);
  return current;
}

/**
 * The files that have changed, and those that import one of them. Files that import each other count as changed: which of them runs
 * first is decided outside them.
 */
function changedFiles(current: ModuleVersions, previous: ModuleVersions): ReadonlySet<string> {
  const importers = importersOf(current);
  const changed = circularFiles(current, importers);
  for (const [file, { source, imports }] of current) {
    const last = previous.get(file);
    const isSame = last?.source === source && imports.join("\n") === last.imports.join("\n");
    if (!isSame) changed.add(file);
  }
  for (const file of changed) for (const importer of importers.get(file) ?? []) changed.add(importer);
  return changed;
}

function importersOf(versions: ModuleVersions): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>([...versions.keys()].map((file) => [file, []]));
  for (const [file, { imports }] of versions) {
    for (const imported of imports) if (imported !== undefined) importers.get(imported)?.push(file);
  }
  return importers;
}

/** The files that are part of a circle of imports, and those that import them: what is left without files whose imports are gone. */
function circularFiles(versions: ModuleVersions, importers: ReadonlyMap<string, readonly string[]>): Set<string> {
  const counts = new Map<string, number>();
  for (const list of importers.values()) for (const file of list) counts.set(file, (counts.get(file) ?? 0) + 1);
  const free = [...versions.keys()].filter((file) => !counts.has(file));
  for (let file = free.pop(); file !== undefined; file = free.pop()) {
    for (const importer of importers.get(file) ?? []) {
      const count = (counts.get(importer) ?? 0) - 1;
      counts.set(importer, count);
      if (count === 0) free.push(importer);
    }
  }
  return new Set([...counts].filter(([, count]) => count > 0).map(([file]) => file));
}
