import type { ts } from "ts-morph";
import type { Problems } from "../../base/problem.js";
import { suggestion } from "../../base/suggestion.js";
import { compiler } from "./compiler.js";
import { exportedNames } from "./exported-names.js";
import { readPathAliases, withoutAlias } from "./path-aliases.js";
import type { ModuleReference, SourceFiles } from "./source-files.js";

/** The files of a schema. */
export interface SourceGraph {
  /** Absolute paths, the entry first. */
  readonly files: readonly string[];
  /** The paths at which a missing file was looked for. Watch mode watches them, too. */
  readonly missing: readonly string[];
  /** Whether these files alone decide what the schema is: it reads neither the environment nor other files. */
  readonly isPure: boolean;
}

/**
 * Follows the relative imports of `entry` by parsing, without running the schema, which may be broken. Syntax errors and
 * unresolvable imports are added to `problems`.
 */
export function readSourceGraph(sources: SourceFiles, entry: string, problems: Problems): SourceGraph {
  const files = new Set<string>([entry]);
  const missing = new Set<string>();
  const aliases = readPathAliases(entry);
  for (const file of files) {
    const source = sources.read(file);
    if (source === undefined) continue;
    for (const error of syntaxErrors(source)) {
      problems.add(
        sources.positionAt(source, error.start),
        "",
        compiler.flattenDiagnosticMessageText(error.messageText, " "),
      );
    }
    for (const reference of sources.references(file)) {
      if (reference.file !== undefined) {
        if (reference.file.endsWith(".json")) continue;
        files.add(reference.file);
        refuseUnknownImports(sources, reference, problems);
      } else if (reference.candidates.length === 0) {
        const instead = aliases === undefined ? undefined : withoutAlias(reference.specifier, file, aliases);
        if (instead === undefined) continue;
        const message = `the alias "${reference.specifier}" of tsconfig.json "paths" works only in the compiler, not in Node; write "${instead}"`;
        problems.add(reference.at, "", message);
      } else {
        for (const candidate of reference.candidates) missing.add(candidate);
        problems.add(reference.at, "", `cannot resolve the import "${reference.specifier}"`);
      }
    }
  }
  return { files: [...files], missing: [...missing], isPure: [...files].every((file) => isPure(sources, file)) };
}

/** The packages whose version decides what they export. */
const PURE_PACKAGES = /^(typebox|sshrpc)(\/|$)/;

/** What a module can read beside its imports. */
const IMPURE =
  /\b(process|require|fetch|Date|Math|globalThis|global|performance|crypto|eval|Function|await)\b|\bimport\s*[.(]/;

function isPure(sources: SourceFiles, file: string): boolean {
  const text = sources.read(file)?.text;
  if (text === undefined || IMPURE.test(text)) return false;
  return sources
    .references(file)
    .every(({ specifier, file: found }) =>
      specifier.startsWith(".") ? found?.endsWith(".json") === false : PURE_PACKAGES.test(specifier),
    );
}

/** An import of a name that does not exist is undefined when the schema runs, far from its cause. */
function refuseUnknownImports(
  sources: SourceFiles,
  { names, specifier, file }: ModuleReference,
  problems: Problems,
): void {
  const known = file === undefined || names.length === 0 ? undefined : exportedNames(sources, file);
  if (known === undefined) return;
  for (const { name, at } of names) {
    if (known.has(name)) continue;
    const what = name === "default" ? "no default export" : `no export ${name}${suggestion(name, known)}`;
    problems.add(at, "", `"${specifier}" has ${what}; it exports ${[...known].sort().join(", ") || "nothing"}`);
  }
}

/** TypeScript stores syntax errors in a field outside its public types; the public API requires a whole program. */
function syntaxErrors(source: ts.SourceFile): readonly ts.DiagnosticWithLocation[] {
  return (
    (source as ts.SourceFile & { readonly parseDiagnostics?: readonly ts.DiagnosticWithLocation[] }).parseDiagnostics ??
    []
  );
}
