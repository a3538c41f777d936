import type { ts } from "ts-morph";
import { kept } from "../../base/kept.js";
import { compiler } from "./compiler.js";
import { hasModifier } from "./erase-types.js";
import type { SourceFiles } from "./source-files.js";

/** The names that `file` exports; undefined if its source does not show all of them. */
export function exportedNames(
  sources: SourceFiles,
  file: string,
  seen: ReadonlySet<string> = new Set(),
): ReadonlySet<string> | undefined {
  const source = seen.has(file) ? undefined : sources.read(file);
  if (source === undefined || !/\.[cm]?tsx?$/.test(file)) return undefined;
  const { names, all, isWhole } = kept(exports, source, exportsOf);
  if (!isWhole) return undefined;
  const inner = all.map((specifier) => {
    const from = sources.resolve(specifier, file);
    return from === undefined ? undefined : exportedNames(sources, from, new Set(seen).add(file));
  });
  if (inner.includes(undefined)) return undefined;
  return inner.length === 0 ? names : new Set([...names, ...inner.flatMap((set) => [...(set ?? [])])]);
}

interface Exports {
  readonly names: ReadonlySet<string>;
  /** The modules of which everything is exported. */
  readonly all: readonly string[];
  /** Whether the module exports nothing else. */
  readonly isWhole: boolean;
}

/** The exports of files, as their own source shows them. */
const exports = new WeakMap<ts.SourceFile, Exports>();

function exportsOf({ statements }: ts.SourceFile): Exports {
  const names = new Set<string>();
  const all: string[] = [];
  for (const statement of statements) {
    if (compiler.isExportAssignment(statement)) {
      if (statement.isExportEquals === true) return { names, all, isWhole: false };
      names.add("default");
    } else if (compiler.isExportDeclaration(statement)) {
      const { exportClause, moduleSpecifier } = statement;
      if (exportClause === undefined) {
        if (moduleSpecifier === undefined || !compiler.isStringLiteral(moduleSpecifier))
          return { names, all, isWhole: false };
        all.push(moduleSpecifier.text);
      } else if (compiler.isNamedExports(exportClause)) {
        for (const { name } of exportClause.elements) names.add(name.text);
      } else {
        names.add(exportClause.name.text);
      }
    } else if (hasModifier(statement, compiler.SyntaxKind.ExportKeyword)) {
      for (const name of declaredNames(statement)) names.add(name);
    }
  }
  return { names, all, isWhole: true };
}

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

/** The names that a statement declares: `default` for a default export. */
export function declaredNames(statement: ts.Statement): readonly string[] {
  if (compiler.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  const { modifiers, name } = statement as ts.Statement & {
    readonly modifiers?: readonly ts.ModifierLike[];
    readonly name?: ts.Identifier;
  };
  if (modifiers?.some(({ kind }) => kind === compiler.SyntaxKind.DefaultKeyword) === true) return ["default"];
  return name === undefined ? [] : [name.text];
}

function boundNames(name: ts.BindingName): readonly string[] {
  if (compiler.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (compiler.isOmittedExpression(element) ? [] : boundNames(element.name)));
}
