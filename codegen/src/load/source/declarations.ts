import type { ts } from "ts-morph";
import { compiler } from "./compiler.js";
import type { SourceFiles } from "./source-files.js";

/** The declaration of a name or an expression after following names and imports. */
export interface Declared {
  /** The initializer. */
  readonly expression: ts.Expression;
  /** The node with the comment and the position. */
  readonly node: ts.Node;
  /** Set for an exported const. */
  readonly exported: { readonly file: string; readonly name: string } | undefined;
}

/** Limits the search through names, which can be circular in broken sources. */
const MAX_STEPS = 64;

/** Finds the declarations of names in the syntax tree, without a type checker. */
export class Declarations {
  readonly #sources: SourceFiles;
  /** Declarations by name, by file. */
  readonly #locals = new Map<string, Map<string, Declared | undefined>>();

  constructor(sources: SourceFiles) {
    this.#sources = sources;
  }

  /** The default export of `file`. */
  defaultExport(file: string): Declared | undefined {
    return this.exported(file, "default");
  }

  /** The export `name` of `file`, followed through re-exports. */
  exported(file: string, name: string, steps = 0): Declared | undefined {
    const source = steps > MAX_STEPS ? undefined : this.#sources.read(file);
    if (source === undefined) return undefined;
    for (const statement of source.statements) {
      if (name === "default" && compiler.isExportAssignment(statement)) {
        return { expression: statement.expression, node: statement, exported: undefined };
      }
      if (compiler.isVariableStatement(statement) && isExported(statement)) {
        const found = this.#variable(statement, name);
        if (found !== undefined) return found;
      }
      if (compiler.isExportDeclaration(statement)) {
        const found = this.#reExported(statement, file, name, steps + 1);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** The declaration of a name or of a member of a namespace import; undefined for other expressions. */
  named(expression: ts.Expression, steps = 0): Declared | undefined {
    if (steps > MAX_STEPS) return undefined;
    const file = expression.getSourceFile().fileName;
    if (compiler.isIdentifier(expression)) return this.#local(file, expression.text, steps + 1);
    if (compiler.isPropertyAccessExpression(expression) && compiler.isIdentifier(expression.expression)) {
      const namespace = this.#imported(file, expression.expression.text);
      if (namespace?.name === "*") return this.exported(namespace.file, expression.name.text, steps + 1);
    }
    return undefined;
  }

  /** The declaration of `name` at the top level of `file`. */
  #local(file: string, name: string, steps: number): Declared | undefined {
    const locals = this.#locals.get(file) ?? new Map<string, Declared | undefined>();
    this.#locals.set(file, locals);
    if (!locals.has(name)) locals.set(name, this.#findLocal(file, name, steps));
    return locals.get(name);
  }

  #findLocal(file: string, name: string, steps: number): Declared | undefined {
    const source = steps > MAX_STEPS ? undefined : this.#sources.read(file);
    if (source === undefined) return undefined;
    for (const statement of source.statements) {
      if (!compiler.isVariableStatement(statement)) continue;
      const found = this.#variable(statement, name);
      if (found === undefined) continue;
      return found.exported === undefined ? { ...found, exported: exportedLater(source, name) } : found;
    }
    const imported = this.#imported(file, name);
    return imported === undefined ? undefined : this.exported(imported.file, imported.name, steps + 1);
  }

  #variable(statement: ts.VariableStatement, name: string): Declared | undefined {
    for (const declaration of statement.declarationList.declarations) {
      if (!compiler.isIdentifier(declaration.name) || declaration.name.text !== name) continue;
      if (declaration.initializer === undefined) continue;
      const file = statement.getSourceFile().fileName;
      const exported = isExported(statement) ? { file, name } : undefined;
      return { expression: declaration.initializer, node: declaration, exported };
    }
    return undefined;
  }

  #reExported(statement: ts.ExportDeclaration, file: string, name: string, steps: number): Declared | undefined {
    const from =
      statement.moduleSpecifier !== undefined && compiler.isStringLiteral(statement.moduleSpecifier)
        ? this.#sources.resolve(statement.moduleSpecifier.text, file)
        : undefined;
    if (statement.exportClause === undefined) {
      return from === undefined || name === "default" ? undefined : this.exported(from, name, steps);
    }
    if (!compiler.isNamedExports(statement.exportClause)) return undefined;
    const element = statement.exportClause.elements.find((one) => one.name.text === name);
    if (element === undefined) return undefined;
    const original = (element.propertyName ?? element.name).text;
    if (statement.moduleSpecifier === undefined) return this.#local(file, original, steps);
    return from === undefined ? undefined : this.exported(from, original, steps);
  }

  /** The file and name from which `file` imports its local `name`; `*` for a namespace import. */
  #imported(file: string, name: string): { readonly file: string; readonly name: string } | undefined {
    for (const statement of this.#sources.read(file)?.statements ?? []) {
      if (!compiler.isImportDeclaration(statement) || !compiler.isStringLiteral(statement.moduleSpecifier)) continue;
      const original = originalName(statement.importClause, name);
      if (original === undefined) continue;
      const from = this.#sources.resolve(statement.moduleSpecifier.text, file);
      return from === undefined ? undefined : { file: from, name: original };
    }
    return undefined;
  }
}

function originalName(clause: ts.ImportClause | undefined, name: string): string | undefined {
  if (clause?.name?.text === name) return "default";
  const bindings = clause?.namedBindings;
  if (bindings === undefined) return undefined;
  if (compiler.isNamespaceImport(bindings)) return bindings.name.text === name ? "*" : undefined;
  const element = bindings.elements.find((one) => one.name.text === name);
  return element === undefined ? undefined : (element.propertyName ?? element.name).text;
}

function isExported(statement: ts.VariableStatement): boolean {
  return statement.modifiers?.some((modifier) => modifier.kind === compiler.SyntaxKind.ExportKeyword) ?? false;
}

/** A const can be exported by a separate statement: `export { Note }`. */
function exportedLater(source: ts.SourceFile, name: string): Declared["exported"] {
  for (const statement of source.statements) {
    if (!compiler.isExportDeclaration(statement) || statement.moduleSpecifier !== undefined) continue;
    if (statement.exportClause === undefined || !compiler.isNamedExports(statement.exportClause)) continue;
    const element = statement.exportClause.elements.find((one) => (one.propertyName ?? one.name).text === name);
    if (element !== undefined) return { file: source.fileName, name: element.name.text };
  }
  return undefined;
}
