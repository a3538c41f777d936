import type { FileRules } from "../files/read-file.js";
import { type NamedFile, WatchedFiles } from "../files/watched-files.js";
import { answerAttempt, authoritiesFor } from "./answer-attempt.js";
import { type AuthorizedKeys, parseAuthorizedKeys } from "./authorized-keys.js";
import type { KeyGrant, KeyLookup, KeySource, KeySourceConfig } from "./key-lookup.js";

/** The requirements on authorized_keys files. */
export const AUTHORIZED_KEYS_RULES: FileRules = {
  what: "authorized_keys file",
  // Write access to the file is access to the server; sshd's StrictModes refuses such files too.
  forbiddenMode: 0o022,
  chmod: "chmod go-w",
  maxSize: 4 * 1024 * 1024,
};

/** Log lines per reload. */
const MAX_WARNINGS = 100;

/**
 * Authorized keys in files of the authorized_keys format, which are watched, and checked for changes at each login. An
 * invalid line lists no key, at the start and after a change: the log names it, and all other lines apply.
 */
export class AuthorizedKeysFiles implements KeySource {
  readonly #watched: WatchedFiles<AuthorizedKeys>;
  readonly #config: KeySourceConfig;
  readonly onChange: KeySource["onChange"];
  readonly close: KeySource["close"];

  private constructor(watched: WatchedFiles<AuthorizedKeys>, config: KeySourceConfig) {
    this.#watched = watched;
    this.#config = config;
    this.onChange = watched.onChange;
    this.close = watched.close;
  }

  /**
   * Reads the files and starts to watch them.
   * @throws Error of one line, where a file is missing, unreadable, or writable by others. Files without keys are a warning: a
   * first start has no keys yet.
   */
  static async open(names: readonly string[], config: KeySourceConfig): Promise<AuthorizedKeysFiles> {
    if (names.length === 0) throw new Error("authorizedKeys is an empty list, so no key can log in; name a file");
    const { observer } = config;
    const watched: WatchedFiles<AuthorizedKeys> = await WatchedFiles.open<AuthorizedKeys>({
      files: names,
      rules: AUTHORIZED_KEYS_RULES,
      observer,
      parse,
      onReload: ({ keys }) => {
        observer.keysReloaded?.({ list: "authorized_keys", files: watched.files, keys: keys.length });
        for (const message of source.warnings) observer.diagnostic?.({ level: "warn", message });
      },
      consequence: "the last valid keys stay in force until the file is fixed",
    });
    const source = new AuthorizedKeysFiles(watched, config);
    return source;
  }

  readonly lookup: KeyLookup = async (attempt) => answerAttempt(await this.#keys(), attempt);

  readonly authorities: KeySource["authorities"] = async (attempt) => authoritiesFor(await this.#keys(), attempt);

  readonly refresh: KeySource["refresh"] = () => this.#watched.refresh().catch(() => {});

  get warnings(): readonly string[] {
    const { keys, wrong, warnings } = this.#watched.content;
    const lines = [
      ...wrong.map(({ problem }) => `${problem}; the line is ignored`),
      ...warnings,
      ...(this.#config.unknownScopes?.inLines(keys) ?? []),
      ...(keys.length === 0 ? [noKeys(this.#watched.files)] : []),
    ];
    const more = lines.length - MAX_WARNINGS;
    return more > 0 ? [...lines.slice(0, MAX_WARNINGS), `and ${more} more warnings`] : lines;
  }

  get grants(): readonly KeyGrant[] {
    return this.#watched.content.keys.map(({ grant }) => grant);
  }

  /** The keys in force. A failure to reload is in the log. */
  async #keys(): Promise<AuthorizedKeys["keys"]> {
    await this.refresh();
    return this.#watched.content.keys;
  }
}

function parse(files: readonly NamedFile[]): AuthorizedKeys {
  return parseAuthorizedKeys(files.map(({ name, data }) => ({ name, text: data.toString("utf8") })));
}

function noKeys(files: readonly string[]): string {
  return `${files.join(", ")}: no authorized keys; add one with \`sshrpc keys add --authorized-keys ${files[0]} ~/.ssh/id_ed25519.pub --scopes "*"\``;
}
