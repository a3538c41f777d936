import type { ts } from "ts-morph";
import { canMutate } from "./can-mutate.js";
import type { SourceFiles } from "./source-files.js";
import type { SourceGraph } from "./source-graph.js";

/** A version of a module with all that it imports: the same object in two runs if these are the same. */
export interface ModuleVersion {
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
  const isSafe = [previous, current].every((versions) => [...versions.values()].every((one) => !canMutate(one.source)));
  if (previous.size === 0 || !graph.isPure || !isSafe) return current;
  const changed = changedFiles(current, previous);
  for (const [file, version] of previous) if (current.has(file) && !changed.has(file)) current.set(file, version);
  return current;
}

/** The files that have changed, and those that import one of them. */
function changedFiles(current: ModuleVersions, previous: ModuleVersions): ReadonlySet<string> {
  const importers = new Map<string, string[]>();
  const changed = new Set<string>();
  for (const [file, { source, imports }] of current) {
    const last = previous.get(file);
    const isSame = last?.source === source && imports.join("\n") === last.imports.join("\n");
    if (!isSame) changed.add(file);
    for (const imported of imports) {
      if (imported === undefined) continue;
      const list = importers.get(imported) ?? [];
      importers.set(imported, list);
      list.push(file);
    }
  }
  for (const file of changed) for (const importer of importers.get(file) ?? []) changed.add(importer);
  return changed;
}
