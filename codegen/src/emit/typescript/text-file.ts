import { type Ask, Memo } from "../../base/memo.js";
import { compareNames } from "../compare-names.js";
import { LINE_WIDTH } from "../target.js";

/** A name that generated code imports. */
export interface ImportedSymbol {
  readonly name: string;
  readonly from: string;
  /** Whether the symbol is only a type. */
  readonly type: boolean;
  /** The local name if `name` is taken. */
  readonly alias: string;
}

/** What a {@link TextFile} is created with. */
interface TextFileOptions {
  /** Names that no import can have: what the file declares, and the globals that it uses. */
  readonly taken: Iterable<string>;
  /** The names of the schema's types. An import from a package with such a name gets its alias. */
  readonly preferred?: Iterable<string>;
}

/** What a part of a file needs to know beside what it is about. */
export interface PartContext {
  /** Imports a symbol. @returns its name in the file */
  use(symbol: ImportedSymbol): string;
  /** Answers questions that the file defines. */
  find(question: string): unknown;
}

/** The texts of parts of files. A watch takes those of earlier runs while their context gives the same answers. */
export class PartTexts {
  readonly #texts = new Memo<string, ImportedSymbol | string>();

  /**
   * The text of one part.
   * @param input what the part is about, which never changes
   * @param use tells the texts of one input apart
   */
  get(input: object, use: string, context: PartContext, print: (context: PartContext) => string): string {
    const answer: Ask<ImportedSymbol | string> = (question) =>
      typeof question === "string" ? context.find(question) : context.use(question);
    return this.#texts.get(input, use, answer, (ask) => {
      const symbols = new Map<string, ImportedSymbol>();
      const single = (symbol: ImportedSymbol): ImportedSymbol => {
        const key = keyOf(symbol);
        const first = symbols.get(key) ?? symbol;
        symbols.set(key, first);
        return first;
      };
      return print({ use: (symbol) => ask(single(symbol)) as string, find: ask });
    });
  }
}

/** The specifier of a generated file in another. */
export function fileSpecifier(name: string): string {
  return `./${name}.js`;
}

/** A generated file of declarations or of JavaScript. Emitters add symbols and text; this class writes the imports. */
export class TextFile {
  readonly #taken: Set<string>;
  readonly #preferred: ReadonlySet<string>;
  readonly #imports = new Map<string, ImportedSymbol & { readonly local: string }>();
  #body = "";

  constructor({ taken, preferred = [] }: TextFileOptions) {
    this.#taken = new Set(taken);
    this.#preferred = new Set(preferred);
  }

  /** Imports a symbol unless the file does so already. @returns its name in this file */
  use(symbol: ImportedSymbol): string {
    const key = keyOf(symbol);
    const imported = this.#imports.get(key);
    if (imported !== undefined) return imported.local;
    const isFromPackage = !symbol.from.startsWith(".");
    const isTaken = (name: string) => this.#taken.has(name) || (isFromPackage && this.#preferred.has(name));
    let local = isTaken(symbol.name) ? symbol.alias : symbol.name;
    while (isTaken(local)) local += "_";
    this.#taken.add(local);
    this.#imports.set(key, { ...symbol, local });
    return local;
  }

  /** Appends text to the body. */
  write(text: string): void {
    this.#body += text;
  }

  /** @returns the whole file, with `header` as its first comment */
  print(header: string): string {
    const sources = [...new Set([...this.#imports.values()].map(({ from }) => from))].sort(bySource);
    const imports = sources.map((from) => this.#importOf(from)).join("");
    return `// ${header}\n${imports}\n${this.#body}`;
  }

  #importOf(from: string): string {
    const symbols = [...this.#imports.values()]
      .filter((symbol) => symbol.from === from)
      .sort((a, b) => compareNames(a.local, b.local));
    const types = symbols.every(({ type }) => type);
    const names = symbols.map(({ name, local, type }) => {
      const clause = local === name ? name : `${name} as ${local}`;
      return type && !types ? `type ${clause}` : clause;
    });
    const keyword = types ? "import type" : "import";
    return importStatement(keyword, names, from);
  }
}

function keyOf({ from, name }: ImportedSymbol): string {
  return `${from} ${name}`;
}

/** An import of names: on one line if it fits. @param keyword `import` or `import type` */
export function importStatement(keyword: string, names: readonly string[], from: string): string {
  const line = `${keyword} { ${names.join(", ")} } from "${from}";\n`;
  if (line.length <= LINE_WIDTH + 1) return line;
  return `${keyword} {\n${names.map((name) => `  ${name},\n`).join("")}} from "${from}";\n`;
}

/** Packages before files. */
function bySource(a: string, b: string): number {
  return Number(a.startsWith(".")) - Number(b.startsWith(".")) || (a < b ? -1 : 1);
}

const RUNTIME = "sshrpc/generated";

/** A type of the runtime. It gets an alias if the schema has a type of the same name. */
export function runtimeType(name: string): ImportedSymbol {
  return { name, from: RUNTIME, type: true, alias: `Rpc${name}` };
}

/** A function of the runtime. */
export function runtimeValue(name: string): ImportedSymbol {
  return { name, from: RUNTIME, type: false, alias: `rpc_${name}` };
}

/** The contract bound to its validators, which `api.js` exports. */
export function apiSymbol(): ImportedSymbol {
  return { name: "api", from: fileSpecifier("api"), type: false, alias: "api_" };
}
