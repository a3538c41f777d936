import type { Logger } from "../../log.js";
import { type AuthorizedKey, type AuthorizedKeys, parseAuthorizedKeys } from "./authorized-keys.js";
import type { KeyGrant, KeyLookup } from "./key-lookup.js";
import { type PublicKey, sameKey } from "./public-key.js";
import { expandHome, type FileRules, fileVersion, readFileChecked } from "./read-file.js";

const RULES: FileRules = {
  what: "authorized_keys file",
  // Whoever may write the file may log in; sshd's StrictModes refuses it likewise.
  forbiddenMode: 0o022,
  chmod: "chmod go-w",
  maxSize: 16 * 1024 * 1024,
};

/** A look-up in authorized_keys, and what an operator should know of it. */
export interface AuthorizedKeysLookup {
  readonly lookup: KeyLookup;
  /** Found at start, one line each. */
  readonly warnings: readonly string[];
}

/**
 * Looks keys up in files that are read again when they change (seen by size and times, at each attempt to log in), so
 * that a key can be added or removed without a restart. Where a file can no longer be read, the last good list stays in
 * force, and the log says so.
 * @throws Error of one line, where a file is missing, may not be read, or may be written by others. A file without a
 * key is a warning: a first start has nobody to list.
 */
export async function authorizedKeysFiles(names: readonly string[], log: Logger): Promise<AuthorizedKeysLookup> {
  const files = names.map(expandHome);
  if (files.length === 0) throw new Error("authorizedKeys names no file, so nobody could ever log in");
  let version = "";
  let list: AuthorizedKeys = { keys: [], problems: [] };
  let lastFailure = "";

  const reload = async () => {
    const current = (await Promise.all(files.map((file) => fileVersion(file, RULES)))).join(" ");
    if (current === version) return;
    const contents = await Promise.all(files.map((file) => readFileChecked(file, RULES)));
    list = parseAuthorizedKeys(files.map((name, at) => ({ name, text: contents[at]!.data.toString("utf8") })));
    version = contents.map((content) => content.version).join(" ");
    lastFailure = "";
  };
  await reload();
  const warnings = list.keys.length > 0 ? list.problems : [...list.problems, nobody(files)];

  const lookup: KeyLookup = async ({ key }) => {
    const before = version;
    try {
      await reload();
      if (version !== before) {
        log.info({ files, keys: list.keys.length }, "authorized_keys read again");
        for (const problem of list.problems) log.warn({}, problem);
      }
    } catch (error) {
      const failure = `${(error as Error).message}; the keys read last stay in force`;
      if (failure !== lastFailure) log.warn({}, failure);
      lastFailure = failure;
    }
    return findGrant(list.keys, key);
  };
  return { lookup, warnings };
}

/**
 * Looks keys up in lines of the same format.
 * @throws Error of one line, where no line holds a usable key: it could never change.
 */
export function authorizedKeysLines(lines: readonly string[]): AuthorizedKeysLookup {
  const { keys, problems } = parseAuthorizedKeys([{ name: "authorizedKeys", text: lines.join("\n") }]);
  if (keys.length === 0) {
    throw new Error(
      `authorizedKeys lists no usable key, so nobody could ever log in${problems.map((p) => `; ${p}`)[0] ?? ""}`,
    );
  }
  return { lookup: ({ key }) => findGrant(keys, key), warnings: problems };
}

function nobody(files: readonly string[]): string {
  return `${files.join(", ")}: no key is listed, so nobody can log in; add one with \`echo "scopes=\\"*\\" $(cat ~/.ssh/id_ed25519.pub)" >> ${files[0]}\``;
}

/** Every entry is compared, so that the time taken does not tell which one matched. */
function findGrant(keys: readonly AuthorizedKey[], key: PublicKey): KeyGrant | undefined {
  let found: AuthorizedKey | undefined;
  for (const entry of keys) if (sameKey(entry.key, key)) found ??= entry;
  return found && { scopes: found.scopes, ...(found.keyName === undefined ? {} : { keyName: found.keyName }) };
}
