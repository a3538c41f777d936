import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createJiti, type Jiti, type TransformOptions } from "jiti";
import type { SourceFiles } from "./source/source-files.js";
import { PROLOGUE_LINES, resolveImports, translate } from "./source/translate.js";

/** A module that has run. */
export interface LoadedModule {
  readonly file: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** The position of an exception in a schema module, from its stack. */
interface ThrownAt {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What an importer needs from its owner. */
interface ImportEvents {
  /** A module begins to run; undefined while one is translated. */
  onRunning(file: string | undefined): void;
}

/** A top-level await did not settle in time. */
export class LoadTimeout extends Error {
  override readonly name = "Error";
}

/**
 * Runs schema modules, TypeScript included, in this thread. Packages are loaded once; the project's own files run again
 * for each `load`, but for those that it keeps.
 */
export class SchemaImporter {
  readonly #timeout: number;
  readonly #transformer = createJiti(import.meta.url, { fsCache: false });
  readonly #sources: SourceFiles;
  /** The modules that jiti has translated. */
  readonly #transformed = new Map<string, { readonly source: string; readonly code: string }>();
  readonly #jiti: Jiti = createJiti(import.meta.url, {
    fsCache: false,
    moduleCache: true,
    interopDefault: false,
    nativeModules: ["typebox"],
    transform: (options) => ({ code: this.#transform(options) }),
  });

  readonly #events: ImportEvents;
  /** The files that each module imports when it runs. */
  readonly #imports = new Map<string, Set<string>>();
  /** The files of packages, by folder and specifier. */
  readonly #packages = new Map<string, string>();

  readonly #entry: string;

  /**
   * @param entry the absolute path of the first module.
   * @param timeout the time limit of one `load`, in ms.
   */
  constructor(
    entry: string,
    timeout: number,
    { sources, ...events }: ImportEvents & { readonly sources: SourceFiles },
  ) {
    this.#entry = entry;
    this.#timeout = timeout;
    this.#sources = sources;
    this.#events = events;
  }

  /**
   * Runs the modules.
   * @param kept the modules that need not run again: they and their imports are those of the last run
   * @returns every module of the project that has run, the entry first
   * @throws the exception of a module, or Error if a top-level await exceeds the timeout
   */
  async load(kept: ReadonlySet<string>): Promise<readonly LoadedModule[]> {
    const entry = this.#entry;
    for (const file of this.#projectFiles()) if (!kept.has(file)) this.#drop(file);
    await this.#withTimeout(this.#jiti.import(entry));
    const reached = this.#reached();
    for (const file of this.#projectFiles()) if (kept.has(file) && !reached.has(file)) this.#drop(file);
    const files = this.#projectFiles().sort((a, b) => (a === entry ? -1 : b === entry ? 1 : a < b ? -1 : 1));
    return files.map((file) => ({ file, exports: { ...(this.#jiti.cache[file]?.exports as object) } }));
  }

  #drop(file: string): void {
    delete this.#jiti.cache[file];
    this.#imports.delete(file);
  }

  /** The modules that the entry imports, directly or not: a module that was kept may have lost its importers. */
  #reached(): ReadonlySet<string> {
    const reached = new Set([this.#entry]);
    for (const file of reached) for (const imported of this.#imports.get(file) ?? []) reached.add(imported);
    return reached;
  }

  /** The timer also keeps the process alive: without it, Node exits silently while a module awaits a pending promise. */
  async #withTimeout(imported: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<never>((_, reject) => {
      const message = `a top-level await of this module or of its imports did not settle within ${this.#timeout} ms; remove it from the schema`;
      timer = setTimeout(() => reject(new LoadTimeout(message)), this.#timeout);
    });
    try {
      await Promise.race([imported, timedOut]);
    } finally {
      clearTimeout(timer);
    }
  }

  #transform(options: TransformOptions): string {
    const { filename = "" } = options;
    const imports = new Set<string>();
    this.#imports.set(filename, imports);
    const code = resolveImports(this.#code(options), (specifier) => {
      const file = this.#resolve(specifier, filename);
      if (file !== undefined) imports.add(file);
      return file;
    });
    this.#events.onRunning(filename);
    return code;
  }

  #resolve(specifier: string, from: string): string | undefined {
    if (specifier.startsWith(".")) return this.#sources.resolve(specifier, from);
    const key = `${dirname(from)} ${specifier}`;
    const known = this.#packages.get(key);
    if (known !== undefined) return known;
    const found = this.#jiti.esmResolve(specifier, { parentURL: pathToFileURL(from).href, async: true, try: true });
    if (found === undefined || !found.startsWith("file:")) return undefined;
    const file = fileURLToPath(found);
    this.#packages.set(key, file);
    return file;
  }

  #code(options: TransformOptions): string {
    const { filename = "", source, async = false } = options;
    const parsed = async && !this.#closesCircle(filename) ? this.#sources.read(filename) : undefined;
    const translated = parsed === undefined ? undefined : translate(parsed);
    if (translated !== undefined) {
      this.#transformed.delete(filename);
      return translated;
    }
    const known = this.#transformed.get(filename);
    const code = known?.source === source ? known.code : this.#transformer.transform(options);
    this.#transformed.set(filename, { source, code });
    return code;
  }

  /** Whether a module imports one that has not ended: the names that it imports have no values yet. */
  #closesCircle(filename: string): boolean {
    return this.#sources.references(filename).some(({ file }) => {
      const module = file === undefined ? undefined : this.#jiti.cache[file];
      return module !== undefined && !module.loaded;
    });
  }

  /** The position in the source of one in the module that ran. */
  sourceOf({ file, line, column }: ThrownAt): ThrownAt {
    if (!this.#transformed.has(file)) {
      // An export that is read before it has a value fails in the prologue.
      return line > PROLOGUE_LINES ? { file, line: line - PROLOGUE_LINES, column } : { file, line: 1, column: 1 };
    }
    // jiti prepends a prologue to the first line, so columns of that line are wrong.
    return { file, line, column: line === 1 ? 1 : column };
  }

  #projectFiles(): string[] {
    return Object.keys(this.#jiti.cache).filter((file) => !file.split(/[\\/]/).includes("node_modules"));
  }
}

/** Finds the topmost frame in one of `files` in the stack of `error`. */
export function thrownAt(error: unknown, files: ReadonlySet<string>): ThrownAt | undefined {
  const stack =
    error instanceof Error || (typeof error === "object" && error !== null && "stack" in error)
      ? String(error.stack)
      : "";
  const urls = new Map(
    [...files].flatMap((file) => [[file, file] as const, [pathToFileURL(file).href, file] as const]),
  );
  for (const frame of stack.split("\n")) {
    const [, where = "", line, column] = /^(.*?):(\d+):(\d+)\)?$/.exec(frame) ?? [];
    // A path can contain spaces and parentheses, so a frame is compared with the known files.
    const found = [...urls].find(
      ([name]) => where.endsWith(name) && !/[\w./\\-]/.test(where.at(-name.length - 1) ?? ""),
    );
    if (found !== undefined) return { file: found[1], line: Number(line), column: Number(column) };
  }
  return undefined;
}
