import { errorMessage } from "../../../base/error-message.js";
import type { Observer } from "../../../base/observer/observer.js";
import { expandHome, type FileRules, fileVersion, readFileChecked } from "./read-file.js";
import { RefreshCoalescer } from "./refresh-coalescer.js";
import { untilStable } from "./until-stable.js";
import { watchFiles } from "./watch-files.js";

/** A file that was read. */
export interface NamedFile {
  readonly name: string;
  readonly data: Buffer;
}

/** What {@link WatchedFiles} reads, and how. */
interface WatchedFilesConfig<Content> {
  readonly files: readonly string[];
  readonly rules: FileRules;
  readonly observer: Observer;
  /**
   * Parses the files together. An Error rejects the change as a whole: the last content stays.
   */
  readonly parse: (files: readonly NamedFile[]) => Content;
  /** Called with new content, before the listeners. */
  readonly onReload: (content: Content) => void;
  /** What a failure means, for the log, such as `the last valid keys stay in force until the file is fixed`. */
  readonly consequence: string;
}

/**
 * Files with lists of keys, which are watched and reloaded. A change takes effect as a whole or not at all: where a file
 * cannot be read or parsed, the last content stays, and the log says why, once.
 */
export class WatchedFiles<Content> {
  readonly #files: readonly string[];
  readonly #config: WatchedFilesConfig<Content>;
  readonly #listeners = new Set<() => void>();
  readonly #refreshes = new RefreshCoalescer(() => this.#reload());
  #content: Content | undefined;
  /** Of the files read last, valid or not. */
  #version = "";
  #invalid: Error | undefined;
  #reported = "";
  #stop: (() => Promise<void>) | undefined;

  private constructor(config: WatchedFilesConfig<Content>) {
    this.#config = config;
    this.#files = config.files.map((file) => expandHome(file, config.rules.what));
  }

  /**
   * Reads the files and starts to watch them; the caller closes it.
   * @throws Error of one line with the file name, where a file cannot be read or parsed
   */
  static async open<Content>(config: WatchedFilesConfig<Content>): Promise<WatchedFiles<Content>> {
    const { observer, rules } = config;
    const watched = new WatchedFiles(config);
    const files = watched.#files;
    await watched.#reload();
    const onChange = (): void => void watched.refresh().catch(() => {});
    watched.#stop = await watchFiles(files, onChange, (error) => {
      const message = `cannot watch the ${rules.what}; polling every 2 seconds`;
      observer.diagnostic?.({ level: "warn", message, error, fields: { files } });
    });
    return watched;
  }

  /** The names of the files. */
  get files(): readonly string[] {
    return this.#files;
  }

  /** The last valid content. */
  get content(): Content {
    return this.#content as Content;
  }

  /** Applies changes of the files. Rejects where they cannot be read or parsed now. */
  async refresh(): Promise<void> {
    try {
      await this.#refreshes.refresh();
      this.#reported = "";
    } catch (error) {
      const message = errorMessage(error);
      const { observer, consequence } = this.#config;
      if (message !== this.#reported) {
        const fields = { files: this.#files };
        observer.diagnostic?.({ level: "error", message: `${message}; ${consequence}`, fields });
      }
      this.#reported = message;
      throw error;
    }
  }

  /** Calls `listener` after each change of the content. Returns the function that removes it. */
  readonly onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Stops watching. */
  readonly close = async (): Promise<void> => {
    this.#listeners.clear();
    await this.#stop?.();
  };

  async #reload(): Promise<void> {
    const { rules, parse, onReload } = this.#config;
    const version = async (): Promise<string> =>
      (await Promise.all(this.#files.map((file) => fileVersion(file, rules)))).join(" ");
    const isFirst = this.#version === "";
    if (!isFirst && (await version()) === this.#version) {
      if (this.#invalid !== undefined) throw this.#invalid;
      return;
    }
    // A list that is being written is incomplete.
    if (!isFirst) await untilStable(version);
    const read = await Promise.all(this.#files.map((file) => readFileChecked(file, rules)));
    this.#version = read.map((file) => file.version).join(" ");
    try {
      const named = read.map(({ data }, index) => ({ name: this.#files[index] as string, data }));
      this.#content = parse(named);
      this.#invalid = undefined;
    } catch (error) {
      this.#invalid = error as Error;
      throw error;
    }
    if (isFirst) return;
    onReload(this.#content);
    for (const listener of this.#listeners) listener();
  }
}
