import { expandHome, type FileRules, filesVersion, readFileChecked } from "../files/read-file.js";
import { RefreshCoalescer } from "../files/refresh-coalescer.js";
import { settled } from "../files/settled.js";
import { watchFiles } from "../files/watch-files.js";
import { answerAttempt, authoritiesFor } from "./answer-attempt.js";
import { type AuthorizedKeys, parseAuthorizedKeys } from "./authorized-keys.js";
import type { KeyLookup, KeySource, KeySourceConfig } from "./key-lookup.js";

/** How authorized_keys files must be. */
export const AUTHORIZED_KEYS_RULES: FileRules = {
  what: "authorized_keys file",
  // Whoever may write the file may log in; sshd's StrictModes refuses it likewise.
  forbiddenMode: 0o022,
  chmod: "chmod go-w",
  maxSize: 4 * 1024 * 1024,
};

/** Lines of a log for one file. */
const MAX_REMARKS = 100;

/**
 * Keys in files of the format of authorized_keys, which are watched, and looked at again at each attempt to log in. An
 * edit takes effect whole or not at all: where a file can no longer be read, or a line has become wrong, the list read
 * last stays in force, and the log says which line is to be mended. Lines that were wrong at start are left out, with
 * a warning.
 */
export class AuthorizedKeysFiles implements KeySource {
  readonly #files: readonly string[];
  readonly #config: KeySourceConfig;
  readonly #listeners = new Set<() => void>();
  #list: AuthorizedKeys = { keys: [], wrong: [], warnings: [] };
  /** Of the files that were looked at last, whatever became of it. */
  #version = "";
  #failure = "";
  readonly #looks = new RefreshCoalescer(() => this.#reload().catch((error: Error) => this.#complain(error.message)));
  #watching: Promise<() => Promise<void>> | undefined;

  private constructor(files: readonly string[], config: KeySourceConfig) {
    this.#files = files;
    this.#config = config;
  }

  /**
   * Reads the files and begins to watch them.
   * @throws Error of one line, where a file is missing, may not be read, or may be written by others. Files without a
   * key are a warning: a first start has nobody to list.
   */
  static async open(names: readonly string[], config: KeySourceConfig): Promise<AuthorizedKeysFiles> {
    if (names.length === 0) throw new Error("authorizedKeys names no file, so nobody could ever log in");
    const source = new AuthorizedKeysFiles(
      names.map((file) => expandHome(file, AUTHORIZED_KEYS_RULES.what)),
      config,
    );
    source.#list = await source.#read();
    source.#watch();
    return source;
  }

  readonly lookup: KeyLookup = async (attempt) => {
    await this.#look();
    return answerAttempt(this.#list.keys, attempt);
  };

  readonly authorities: KeySource["authorities"] = async (attempt) => {
    await this.#look();
    return authoritiesFor(this.#list.keys, attempt);
  };

  readonly onChange: KeySource["onChange"] = (listener) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  get warnings(): readonly string[] {
    const { keys, wrong, warnings } = this.#list;
    const lines = [
      ...wrong.map(({ problem }) => `${problem}; the line is ignored`),
      ...warnings,
      ...(this.#config.unknownScopes?.inLines(keys) ?? []),
      ...(keys.length === 0 ? [nobody(this.#files)] : []),
    ];
    const more = lines.length - MAX_REMARKS;
    return more > 0 ? [...lines.slice(0, MAX_REMARKS), `and ${more} more such remarks`] : lines;
  }

  readonly close = async (): Promise<void> => {
    this.#listeners.clear();
    await (await this.#watching?.catch(() => undefined))?.();
  };

  #watch(): void {
    const { log } = this.#config;
    const onError = (err: Error): void =>
      log.warn({ err, files: this.#files }, "authorized_keys cannot be watched; it is looked at every 2 seconds");
    this.#watching = watchFiles(this.#files, () => void this.#look(), onError);
    this.#watching.catch(onError);
  }

  /** Takes in what has changed; it never rejects. */
  #look(): Promise<void> {
    return this.#looks.look();
  }

  async #reload(): Promise<void> {
    const version = (): Promise<string> => filesVersion(this.#files, AUTHORIZED_KEYS_RULES);
    if ((await version()) === this.#version) return;
    await settled(version);
    const list = await this.#read();
    const known = new Set(this.#list.wrong.map(({ text }) => text));
    const broken = list.wrong.filter(({ text }) => !known.has(text));
    if (broken.length > 0) {
      const more = broken.length > 1 ? ` (and ${broken.length - 1} more lines)` : "";
      this.#complain(`${broken[0]?.problem}${more}`);
      return;
    }
    this.#list = list;
    this.#failure = "";
    const { log } = this.#config;
    log.info({ files: this.#files, keys: list.keys.length }, "authorized_keys read again");
    for (const warning of this.warnings) log.warn({}, warning);
    for (const listener of this.#listeners) listener();
  }

  /** Says once that what was read last stays in force. */
  #complain(problem: string): void {
    if (problem !== this.#failure) {
      this.#config.log.error({ files: this.#files }, `${problem}; the keys read last stay in force until it is mended`);
    }
    this.#failure = problem;
  }

  async #read(): Promise<AuthorizedKeys> {
    const contents = await Promise.all(this.#files.map((file) => readFileChecked(file, AUTHORIZED_KEYS_RULES)));
    this.#version = contents.map(({ version }) => version).join(" ");
    return parseAuthorizedKeys(
      contents.map(({ data }, at) => ({ name: this.#files[at]!, text: data.toString("utf8") })),
    );
  }
}

function nobody(files: readonly string[]): string {
  return `${files.join(", ")}: no key is listed, so nobody can log in; add one with \`sshrpc keys add --authorized-keys ${files[0]} ~/.ssh/id_ed25519.pub --scopes "*"\``;
}
