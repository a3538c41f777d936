import type { ts } from "ts-morph";
import { kept } from "../../base/kept.js";
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
    for (const statement of kept(variables, source, variablesOf)) {
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
    const source = this.#sources.read(file);
    const found = source === undefined ? undefined : kept(imports, source, importsOf).get(name);
    const from = found === undefined ? undefined : this.#sources.resolve(found.specifier, file);
    return found === undefined || from === undefined ? undefined : { file: from, name: found.name };
  }
}

/** The declarations of variables at the top level of files. */
const variables = new WeakMap<ts.SourceFile, readonly ts.VariableStatement[]>();

function variablesOf({ statements }: ts.SourceFile): readonly ts.VariableStatement[] {
  return statements.filter(compiler.isVariableStatement);
}

/** A name of another module. */
interface Imported {
  readonly specifier: string;
  /** `*` for the whole module. */
  readonly name: string;
}

/** The imports of files, by local name. */
const imports = new WeakMap<ts.SourceFile, ReadonlyMap<string, Imported>>();

function importsOf({ statements }: ts.SourceFile): ReadonlyMap<string, Imported> {
  const found = new Map<string, Imported>();
  for (const statement of statements) {
    if (!compiler.isImportDeclaration(statement) || !compiler.isStringLiteral(statement.moduleSpecifier)) continue;
    const { text: specifier } = statement.moduleSpecifier;
    for (const [local, name] of boundNames(statement.importClause)) {
      if (!found.has(local)) found.set(local, { specifier, name });
    }
  }
  return found;
}

function boundNames(clause: ts.ImportClause | undefined): readonly (readonly [local: string, name: string])[] {
  const own = clause?.name === undefined ? [] : [[clause.name.text, "default"] as const];
  const bindings = clause?.namedBindings;
  if (bindings === undefined) return own;
  if (compiler.isNamespaceImport(bindings)) return [...own, [bindings.name.text, "*"]];
  return [...own, ...bindings.elements.map((one) => [one.name.text, (one.propertyName ?? one.name).text] as const)];
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
