import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { Problems } from "../base/problem.js";
import { SourceFiles } from "../load/source/source-files.js";
import { readSourceGraph } from "../load/source/source-graph.js";

/** The source files of the handlers that `dev` serves: of one file, or of the modules of a folder. */
export class HandlerSources {
  readonly #path: string;
  readonly #isFolder: boolean;
  readonly #generated: string;
  readonly #sources: SourceFiles;

  /**
   * @param path the absolute path of the file or folder
   * @param generated the folder of generated files, which are left out: a run that changes them restarts the server itself
   */
  constructor(path: string, generated: string, cwd: string) {
    this.#path = path;
    this.#isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    this.#generated = resolve(cwd, generated) + sep;
    this.#sources = new SourceFiles(cwd);
  }

  /** The absolute paths to watch: the files, those that they import, and those that are missing. */
  watched(): readonly string[] {
    this.#sources.refresh();
    const problems = new Problems();
    const graphs = this.#entries().map((entry) => readSourceGraph(this.#sources, entry, problems));
    const files = new Set(graphs.flatMap(({ files, missing }) => [...files, ...missing]));
    const own = [...files].filter((file) => !file.startsWith(this.#generated));
    // The state of a folder changes with the names in it. A file in it, which need not exist, is what gets it watched.
    return this.#isFolder ? [this.#path, join(this.#path, "index.ts"), ...own] : own;
  }

  /**
   * Whether a running server can load what has changed: modules of the folder, and TypeScript files. Node runs other JavaScript files once in
   * a process.
   */
  canReload(changed: readonly string[]): boolean {
    const isModule = (file: string): boolean => dirname(file) === this.#path && !/^(?:_|index\.)/.test(basename(file));
    return this.#isFolder && changed.every((file) => file === this.#path || /\.[cm]?ts$/.test(file) || isModule(file));
  }

  /** The name of a file for messages. */
  display(file: string): string {
    return this.#sources.display(file);
  }

  #entries(): readonly string[] {
    if (!this.#isFolder) return [this.#path];
    const names = readdirSync(this.#path, { withFileTypes: true });
    return names.flatMap((entry) =>
      entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name) ? [join(this.#path, entry.name)] : [],
    );
  }
}
