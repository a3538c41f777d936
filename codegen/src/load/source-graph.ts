import type { ts } from "ts-morph";
import type { Problems } from "../base/problem.js";
import { compiler } from "./compiler.js";
import type { SourceFiles } from "./source-files.js";

/** The files that a schema is made of. */
export interface SourceGraph {
  /** Absolute paths, the entry first. */
  readonly files: readonly string[];
  /** Where a file that does not exist yet was looked for: to be watched as well. */
  readonly missing: readonly string[];
}

/**
 * Follows the relative imports of `entry` through the sources alone, so that it also works where the schema cannot be
 * loaded. Syntax errors and imports that lead nowhere go into `problems`.
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
        problems.add(reference.at, "", `there is no file for the import "${reference.specifier}"`);
      }
    }
  }
  return { files: [...files], missing: [...missing] };
}

/** The parser keeps them in a field that the public types leave out; a program would have to be made to ask otherwise. */
function syntaxErrors(source: ts.SourceFile): readonly ts.DiagnosticWithLocation[] {
  return (
    (source as ts.SourceFile & { readonly parseDiagnostics?: readonly ts.DiagnosticWithLocation[] }).parseDiagnostics ??
    []
  );
}
