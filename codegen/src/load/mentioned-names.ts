import type { ts } from "ts-morph";
import { compiler } from "./compiler.js";
import type { SourceFiles } from "./source-files.js";

/** The identifiers of files, without those that declare, import or re-export a name. */
export function mentionedNames(sources: SourceFiles, files: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (compiler.isImportDeclaration(node) || compiler.isExportDeclaration(node)) return;
    if (compiler.isIdentifier(node)) names.add(node.text);
    if (compiler.isVariableDeclaration(node)) {
      if (node.initializer !== undefined) visit(node.initializer);
    } else compiler.forEachChild(node, visit);
  };
  for (const file of files) {
    const source = sources.read(file);
    if (source !== undefined) visit(source);
  }
  return names;
}
