import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ts } from "ts-morph";
import { displayPath } from "../../base/display-path.js";
import { type FileState, fileState } from "../../base/file-state.js";
import { kept } from "../../base/kept.js";
import { type Position, SchemaProblem } from "../../base/problem.js";
import { compiler } from "./compiler.js";

/** An import or re-export of a file. */
export interface ModuleReference {
  readonly specifier: string;
  readonly at: Position;
  /** The resolved file; undefined for a package and for a missing file. */
  readonly file: string | undefined;
  /** The paths at which a relative specifier was looked for; empty for a package. */
  readonly candidates: readonly string[];
  /** The names that a run needs from the module, with their positions; `default` for the default export. */
  readonly names: readonly { readonly name: string; readonly at: Position }[];
}

/** TypeScript imports name the extension of the output; these are the possible extensions of the source. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx", ".js"],
  ".mjs": [".mts", ".mjs"],
  ".cjs": [".cts", ".cjs"],
};

/** No readable source nests more brackets. */
const MAX_NESTING = 100;

/**
 * Parsed source files. No type checker runs, because checking the types of TypeBox takes seconds. A file is parsed again
 * when its text has changed, so one instance serves a whole watch.
 */
export class SourceFiles {
  readonly #cwd: string;
  readonly #parsed = new Map<string, ts.SourceFile>();
  /** Those of the parsed files. */
  readonly #states = new Map<string, FileState>();
  readonly #references = new WeakMap<ts.SourceFile, readonly ModuleReference[]>();
  /** Whether there is a file at a path, in this run. */
  readonly #isFile = new Map<string, boolean>();
  readonly #displayed = new Map<string, string>();

  /** @param cwd the directory to which paths in positions are relative. */
  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /** Parses `file`, an absolute path. @returns undefined if it cannot be read */
  read(file: string): ts.SourceFile | undefined {
    return this.#parsed.get(file) ?? this.#parse(file);
  }

  /** Drops files that changed on disk. To be called once before each run. */
  refresh(): void {
    this.#isFile.clear();
    for (const [file, parsed] of this.#parsed) {
      const [before, now] = [this.#states.get(file), fileState(file)];
      this.#isFile.set(file, now.id !== "");
      if (before?.isSettled === true && before.id === now.id) continue;
      this.#states.set(file, now);
      if (textOf(file) !== parsed.text) this.#parsed.delete(file);
    }
  }

  /** The position of `node`, without the comments before it. */
  position(node: ts.Node): Position {
    const source = node.getSourceFile();
    return this.positionAt(source, node.getStart(source));
  }

  /** The position of a character of `source`. */
  positionAt(source: ts.SourceFile, offset: number): Position {
    const { line, character } = source.getLineAndCharacterOfPosition(offset);
    return { file: this.display(source.fileName), line: line + 1, column: character + 1 };
  }

  /** The path of `file` in messages. */
  display(file: string): string {
    const known = this.#displayed.get(file);
    if (known !== undefined) return known;
    const displayed = displayPath(file, this.#cwd);
    this.#displayed.set(file, displayed);
    return displayed;
  }

  /** The imports and re-exports of `file`, those of types included, in order. */
  references(file: string): readonly ModuleReference[] {
    const source = this.read(file);
    return source === undefined ? [] : kept(this.#references, source, () => this.#findReferences(source));
  }

  #findReferences({ statements, fileName }: ts.SourceFile): readonly ModuleReference[] {
    const position = (node: ts.Node): Position => this.position(node);
    const existing = (candidates: readonly string[]): string | undefined => candidates.find((one) => this.#has(one));
    return statements.flatMap((statement) => {
      if (!compiler.isImportDeclaration(statement) && !compiler.isExportDeclaration(statement)) return [];
      const specifier = statement.moduleSpecifier;
      if (specifier === undefined || !compiler.isStringLiteral(specifier)) return [];
      const candidates = candidatesOf(specifier.text, fileName);
      const names = importedNames(statement).map(({ name, node }) => ({
        name,
        get at() {
          return position(node);
        },
      }));
      return [
        {
          specifier: specifier.text,
          get at() {
            return position(specifier);
          },
          candidates,
          names,
          // Files appear and disappear between runs.
          get file() {
            return existing(candidates);
          },
        },
      ];
    });
  }

  /** Resolves `specifier` in the file `from`. @returns undefined for a package and for a missing file */
  resolve(specifier: string, from: string): string | undefined {
    return candidatesOf(specifier, from).find((one) => this.#has(one));
  }

  #has(path: string): boolean {
    const known = this.#isFile.get(path) ?? statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    this.#isFile.set(path, known);
    return known;
  }

  /** The parser is recursive, like those of every tool that reads the file. @throws SchemaProblem */
  #parseText(file: string, text: string): ts.SourceFile {
    try {
      return compiler.createSourceFile(file, text, compiler.ScriptTarget.ESNext, true);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const before = text.slice(0, offsetOfNesting(text)).split("\n");
      const at = { line: before.length, column: (before.at(-1) ?? "").length + 1 };
      const message = "expressions are nested too deeply to be parsed; export the inner types as constants";
      throw new SchemaProblem([{ file: this.display(file), ...at, path: "", message }]);
    }
  }

  #parse(file: string): ts.SourceFile | undefined {
    // Before the text: a change between the two is found by the next run.
    const state = fileState(file);
    const text = textOf(file);
    if (text === undefined) return undefined;
    this.#states.set(file, state);
    const parsed = this.#parseText(file, text);
    this.#parsed.set(file, parsed);
    return parsed;
  }
}

/** The names that a statement takes from its module, without those that are only types. */
function importedNames(
  statement: ts.ImportDeclaration | ts.ExportDeclaration,
): readonly { readonly name: string; readonly node: ts.Node }[] {
  if (compiler.isExportDeclaration(statement)) {
    const { exportClause, isTypeOnly } = statement;
    if (isTypeOnly || exportClause === undefined || !compiler.isNamedExports(exportClause)) return [];
    return exportClause.elements.flatMap(namedElement);
  }
  const clause = statement.importClause;
  if (clause === undefined || clause.isTypeOnly) return [];
  const bindings = clause.namedBindings;
  const named =
    bindings !== undefined && compiler.isNamedImports(bindings) ? bindings.elements.flatMap(namedElement) : [];
  return clause.name === undefined ? named : [{ name: "default", node: clause.name }, ...named];
}

function namedElement(element: ts.ImportSpecifier | ts.ExportSpecifier): { name: string; node: ts.Node }[] {
  const node = element.propertyName ?? element.name;
  return element.isTypeOnly ? [] : [{ name: node.text, node }];
}

/** The offset of the first bracket inside `MAX_NESTING` others, roughly: brackets in texts and comments count, too. */
function offsetOfNesting(text: string): number {
  let depth = 0;
  for (const { 0: bracket, index } of text.matchAll(/[()[\]{}]/g)) {
    depth += "([{".includes(bracket) ? 1 : -1;
    if (depth > MAX_NESTING) return index;
  }
  return 0;
}

function candidatesOf(specifier: string, from: string): readonly string[] {
  if (!specifier.startsWith(".")) return [];
  const base = resolve(dirname(from), specifier);
  const extension = /\.[cm]?js$/.exec(base)?.[0];
  const sources = SOURCES[extension ?? ""];
  if (extension !== undefined && sources !== undefined) {
    return sources.map((source) => base.slice(0, -extension.length) + source);
  }
  return [base, ...[".ts", ".tsx", ".mts", ".js", ".mjs", "/index.ts", "/index.js"].map((end) => base + end)];
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
