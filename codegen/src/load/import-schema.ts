import { fileURLToPath } from "node:url";
import { createJiti, type Jiti, type TransformOptions } from "jiti";

/** A module that ran. */
export interface LoadedModule {
  readonly file: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Where an exception of a schema module came from, as far as its stack says. */
export interface ThrownAt {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Runs schema modules, TypeScript included, in this process. Packages are loaded once and keep their identity; the
 * project's own files run again at each call of `load`.
 */
export class SchemaImporter {
  readonly #timeout: number;
  readonly #transformer = createJiti(import.meta.url);
  readonly #transformed = new Map<string, { readonly source: string; readonly code: string }>();
  readonly #jiti: Jiti = createJiti(import.meta.url, {
    fsCache: false,
    moduleCache: true,
    interopDefault: false,
    transform: (options) => ({ code: this.#transform(options) }),
  });

  /** @param timeout how long one `load` may take, in milliseconds. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /**
   * Runs `entry`, an absolute path, and gives every module of the project that ran, `entry` first.
   * @throws whatever a module throws, and Error where one still awaits something after the timeout
   */
  async load(entry: string): Promise<readonly LoadedModule[]> {
    for (const file of this.#projectFiles()) delete this.#jiti.cache[file];
    await this.#inTime(this.#jiti.import(entry));
    const files = this.#projectFiles().sort((a, b) => (a === entry ? -1 : b === entry ? 1 : a < b ? -1 : 1));
    return files.map((file) => ({ file, exports: { ...(this.#jiti.cache[file]?.exports as object) } }));
  }

  /** The timer also keeps the process alive: it would end without a word while a module awaits what never comes. */
  async #inTime(imported: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, refuse) => {
      const message = `a top-level await of this module, or of one that it imports, did not settle within ${this.#timeout} ms; a schema should await nothing`;
      timer = setTimeout(() => refuse(new Error(message)), this.#timeout);
    });
    try {
      await Promise.race([imported, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Compiling takes most of a run's time, and a save changes one file. */
  #transform(options: TransformOptions): string {
    const { filename = "", source } = options;
    const known = this.#transformed.get(filename);
    if (known?.source === source) return known.code;
    const code = this.#transformer.transform(options);
    this.#transformed.set(filename, { source, code });
    return code;
  }

  #projectFiles(): string[] {
    return Object.keys(this.#jiti.cache).filter((file) => !file.split(/[\\/]/).includes("node_modules"));
  }
}

/** Finds the first of `files` in the stack of `error`. */
export function thrownAt(error: unknown, files: ReadonlySet<string>): ThrownAt | undefined {
  const stack =
    error instanceof Error || (typeof error === "object" && error !== null && "stack" in error)
      ? String(error.stack)
      : "";
  for (const match of stack.matchAll(/((?:file:\/\/)?\/?[^\s()]+):(\d+):(\d+)/g)) {
    const [, where = "", line, column] = match;
    const file = where.startsWith("file://") ? fileURLToPath(where) : where;
    if (files.has(file)) return { file, line: Number(line), column: Number(column) };
  }
  return undefined;
}
