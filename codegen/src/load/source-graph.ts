import type { ts } from "ts-morph";
import type { Problems } from "../base/problem.js";
import { compiler } from "./compiler.js";
import type { SourceFiles } from "./source-files.js";

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
        if (!reference.file.endsWith(".json")) files.add(reference.file);
      } else if (reference.candidates.length > 0) {
        for (const candidate of reference.candidates) missing.add(candidate);
        problems.add(reference.at, "", `cannot resolve the import "${reference.specifier}"`);
      }
    }
  }
  return { files: [...files], missing: [...missing], isPure: false };
}

/** TypeScript stores syntax errors in a field outside its public types; the public API requires a whole program. */
function syntaxErrors(source: ts.SourceFile): readonly ts.DiagnosticWithLocation[] {
  return (
    (source as ts.SourceFile & { readonly parseDiagnostics?: readonly ts.DiagnosticWithLocation[] }).parseDiagnostics ??
    []
  );
}
