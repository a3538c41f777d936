import type { ts } from "ts-morph";
import { compiler } from "./compiler.js";
import { blanked, eraseTypes, hasModifier, type Replacement } from "./erase-types.js";
import { declaredNames } from "./exported-names.js";

/** What the module format of the loader lacks. */
const UNSUPPORTED = /\bimport\s*[.(]|\bawait\s+using\b/;

/** Names that the loader and the prologue declare. */
const RESERVED = /^(exports|require|module|__\w+name|jiti\w+|\$(get|all|default|value|from\d*))$/;

/** The first line of a module. An export is a getter, as in a module of JavaScript: its value is that of the variable. */
const PROLOGUE =
  '"use strict";Object.defineProperty(exports,"__esModule",{value:true});' +
  "const $get=(name,get)=>{Object.defineProperty(exports,name,{enumerable:true,configurable:true,get})}," +
  '$all=(from)=>{for(const name of Object.keys(from))if(name!=="default"&&!Object.hasOwn(exports,name))$get(name,()=>from[name])},' +
  '$default=(from)=>from?.__esModule||"default" in Object(from)?from.default:from;';

/** The number of lines before those of the source. */
export const PROLOGUE_LINES = 1;

/** An export: its name, and an expression for its value. */
type Export = readonly [name: string, value: string];

/**
 * Translates a TypeScript module to the format that the loader runs: CommonJS whose imports are awaited. Types become spaces, and
 * imports stay on their lines, so that positions are those of the source but for {@link PROLOGUE_LINES}.
 * @returns undefined for a module that needs a compiler: one with syntax that is not JavaScript with types
 */
export function translate(source: ts.SourceFile): string | undefined {
  if (!/\.m?ts$/.test(source.fileName) || UNSUPPORTED.test(source.text)) return undefined;
  const { statements } = source;
  const imports = statements.filter(compiler.isImportDeclaration);
  const reExports = statements.filter(compiler.isExportDeclaration);
  const replaced: Replacement[] = [];
  const exports: Export[] = [];
  const used = new Set(reExports.flatMap(localNames));
  const declared = new Set<string>();
  for (const statement of statements) {
    if (compiler.isImportDeclaration(statement) || compiler.isExportDeclaration(statement)) continue;
    const erased = eraseTypes(statement);
    if (erased === undefined) return undefined;
    replaced.push(...erased.blanks);
    for (const name of erased.names) used.add(name);
    if (erased.isTypeOnly) continue;
    const own = ownExports(statement);
    if (own === undefined) return undefined;
    for (const name of own.names) declared.add(name);
    replaced.push(...own.replaced);
    exports.push(...own.exports);
  }
  for (const statement of imports) {
    const names = boundNames(statement).filter(({ local }) => used.has(local));
    for (const { local } of names) declared.add(local);
    replaced.push(onItsLines(statement, importText(statement, names)));
  }
  for (const [index, statement] of reExports.entries()) {
    const { text, entries } = reExportText(statement, `$from${index}`, declared);
    replaced.push(onItsLines(statement, text));
    exports.push(...entries);
  }
  if ([...declared].some((name) => RESERVED.test(name))) return undefined;
  const getters = exports.map(([name, value]) => `$get(${JSON.stringify(name)},()=>${value});`);
  return `${PROLOGUE}${getters.join("")}\n${withReplaced(source.text, replaced)}`;
}

interface OwnExports {
  /** The names that the statement declares. */
  readonly names: readonly string[];
  readonly replaced: readonly Replacement[];
  readonly exports: readonly Export[];
}

/** What a statement of its own exports. @returns undefined where that takes a compiler */
function ownExports(statement: ts.Statement): OwnExports | undefined {
  const source = statement.getSourceFile();
  const start = statement.getStart(source);
  if (compiler.isExportAssignment(statement)) {
    // As long as "export default", so that what follows keeps its column.
    const head = { ...blanked(source, start, statement.expression.pos), text: "const $value =" };
    return statement.isExportEquals === true
      ? undefined
      : { names: [], replaced: [head], exports: [["default", "$value"]] };
  }
  const names = declaredNames(statement);
  if (!hasModifier(statement, compiler.SyntaxKind.ExportKeyword)) return { names, replaced: [], exports: [] };
  if (hasModifier(statement, compiler.SyntaxKind.DefaultKeyword)) return undefined;
  const replaced = [blanked(source, start, start + "export".length)];
  return { names, replaced, exports: names.map((name) => [name, name]) };
}

/** A name that an import binds: `*` for the whole module. */
interface Bound {
  readonly imported: string;
  readonly local: string;
}

function boundNames({ importClause: clause }: ts.ImportDeclaration): readonly Bound[] {
  if (clause === undefined || clause.isTypeOnly) return [];
  const { name, namedBindings: bindings } = clause;
  const own = name === undefined ? [] : [{ imported: "default", local: name.text }];
  if (bindings === undefined) return own;
  if (compiler.isNamespaceImport(bindings)) return [...own, { imported: "*", local: bindings.name.text }];
  const named = bindings.elements.filter(({ isTypeOnly }) => !isTypeOnly);
  return [
    ...own,
    ...named.map(({ propertyName, name }) => ({ imported: (propertyName ?? name).text, local: name.text })),
  ];
}

/** An import of which no value is used is one of types. */
function importText({ importClause, moduleSpecifier }: ts.ImportDeclaration, names: readonly Bound[]): string {
  const from = imported(moduleSpecifier);
  if (importClause === undefined) return `${from};`;
  const whole = names.filter(({ imported }) => imported === "*").map(({ local }) => `${local}=${from}`);
  const main = names.filter(({ imported }) => imported === "default").map(({ local }) => `${local}=$default(${from})`);
  const named = names.filter(({ imported }) => imported !== "*" && imported !== "default");
  const parts = named.map(({ imported, local }) => `${JSON.stringify(imported)}:${local}`);
  const all = [...whole, ...main, ...(parts.length === 0 ? [] : [`{${parts.join()}}=${from}`])];
  return all.length === 0 ? "" : `const ${all.join()};`;
}

/** @param variable a name for the module @param declared the values of this module: others are types */
function reExportText(
  { exportClause, isTypeOnly, moduleSpecifier }: ts.ExportDeclaration,
  variable: string,
  declared: ReadonlySet<string>,
): { readonly text: string; readonly entries: readonly Export[] } {
  if (isTypeOnly) return { text: "", entries: [] };
  const head = moduleSpecifier === undefined ? "" : `const ${variable}=${imported(moduleSpecifier)};`;
  if (exportClause === undefined) return { text: `${head}$all(${variable});`, entries: [] };
  if (compiler.isNamespaceExport(exportClause)) return { text: head, entries: [[exportClause.name.text, variable]] };
  const elements = exportClause.elements.filter((element) => !element.isTypeOnly);
  const entries = elements.map(({ name, propertyName }): Export => {
    const original = (propertyName ?? name).text;
    return [name.text, moduleSpecifier === undefined ? original : `${variable}[${JSON.stringify(original)}]`];
  });
  return { text: head, entries: entries.filter(([, value]) => moduleSpecifier !== undefined || declared.has(value)) };
}

/** The names of this module that an `export { ... }` names. */
function localNames({ exportClause, moduleSpecifier }: ts.ExportDeclaration): readonly string[] {
  if (moduleSpecifier !== undefined || exportClause === undefined || !compiler.isNamedExports(exportClause)) return [];
  return exportClause.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

function imported(specifier: ts.Expression): string {
  return `(await jitiImport(${JSON.stringify((specifier as ts.StringLiteral).text)}))`;
}

/** A statement replaced by a text without line breaks: those of the statement follow it. */
function onItsLines(statement: ts.Statement, text: string): Replacement {
  const source = statement.getSourceFile();
  const start = statement.getStart(source);
  const breaks = source.text.slice(start, statement.end).replaceAll(/[^\n]/g, "");
  return { start, end: statement.end, text: text + breaks };
}

function withReplaced(text: string, replaced: readonly Replacement[]): string {
  let result = "";
  let position = 0;
  for (const { start, end, text: replacement } of replaced.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(position, start) + replacement;
    position = end;
  }
  return result + text.slice(position);
}

/** Replaces specifiers by paths: the loader looks for a path once, and for a specifier with every extension in every folder. */
export function resolveImports(code: string, resolve: (specifier: string) => string | undefined): string {
  return code.replaceAll(/\(await jitiImport\((["'])([^"'\\]+)\1\)\)/g, (whole, _, specifier: string) => {
    const file = resolve(specifier);
    return file === undefined ? whole : `(await jitiImport(${JSON.stringify(file)}))`;
  });
}
