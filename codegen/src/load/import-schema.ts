import { SourceMap } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createJiti, type Jiti, type TransformOptions } from "jiti";
import { ResultCache } from "../base/result-cache.js";
import { resolveImports, type Translated, translate } from "./translate.js";

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
  /** The file of a relative specifier. */
  resolve(specifier: string, from: string): string | undefined;
}

/** A top-level await did not settle in time. */
export class LoadTimeout extends Error {
  override readonly name = "Error";
}

/**
 * Runs schema modules, TypeScript included, in this thread. Packages are loaded once; the project's own files run again
 * for each `load`.
 */
export class SchemaImporter {
  readonly #timeout: number;
  readonly #transformer = createJiti(import.meta.url, { fsCache: false });
  readonly #translations: ResultCache<Translated>;
  /** The source maps of modules, by file. */
  readonly #maps = new Map<string, string | undefined>();
  readonly #jiti: Jiti = createJiti(import.meta.url, {
    fsCache: false,
    moduleCache: true,
    interopDefault: false,
    nativeModules: ["typebox"],
    transform: (options) => ({ code: this.#transform(options) }),
  });

  readonly #events: ImportEvents;
  /** The files of packages, by folder and specifier. */
  readonly #packages = new Map<string, string>();

  readonly #entry: string;
  #isSaved = false;

  /**
   * @param entry the absolute path of the first module.
   * @param timeout the time limit of one `load`, in ms.
   */
  constructor(entry: string, timeout: number, events: ImportEvents) {
    this.#entry = entry;
    this.#translations = new ResultCache({ schema: entry, purpose: "modules" });
    this.#timeout = timeout;
    this.#events = events;
  }

  /**
   * Runs the modules.
   * @returns every module of the project that has run, the entry first
   * @throws the exception of a module, or Error if a top-level await exceeds the timeout
   */
  async load(): Promise<readonly LoadedModule[]> {
    const entry = this.#entry;
    this.#translations.startRun();
    for (const file of this.#projectFiles()) delete this.#jiti.cache[file];
    await this.#withTimeout(this.#jiti.import(entry));
    // Once: a watch would write all of them with every save of one.
    if (!this.#isSaved) this.#translations.save();
    this.#isSaved = true;
    const files = this.#projectFiles().sort((a, b) => (a === entry ? -1 : b === entry ? 1 : a < b ? -1 : 1));
    return files.map((file) => ({ file, exports: { ...(this.#jiti.cache[file]?.exports as object) } }));
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

  /** Transforms are cached, because they take most of the time of a run, and a save changes one file. */
  #transform(options: TransformOptions): string {
    const { filename = "" } = options;
    this.#events.onRunning(undefined);
    const code = resolveImports(this.#code(options), (specifier) => this.#resolve(specifier, filename));
    this.#events.onRunning(options.filename);
    return code;
  }

  #resolve(specifier: string, from: string): string | undefined {
    if (specifier.startsWith(".")) return this.#events.resolve(specifier, from);
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
    const { code, map } = this.#translations.get(`${filename}\n${async}\n${source}`, () => {
      const translated = async ? translate(filename, source) : undefined;
      return translated ?? { code: this.#transformer.transform(options), map: undefined };
    });
    this.#maps.set(filename, map);
    return code;
  }

  /** The position in the source of one in the module that ran. */
  sourceOf({ file, line, column }: ThrownAt): ThrownAt {
    const map = this.#maps.get(file);
    if (map !== undefined) {
      const entry = new SourceMap(JSON.parse(map)).findEntry(line - 1, column - 1);
      if ("originalLine" in entry) return { file, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
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
