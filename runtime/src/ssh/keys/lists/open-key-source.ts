import { answerAttempt, authoritiesFor } from "./answer-attempt.js";
import { parseAuthorizedKeys } from "./authorized-keys.js";
import { AuthorizedKeysFiles } from "./authorized-keys-files.js";
import type { KeyLookup, KeySource, KeySourceConfig } from "./key-lookup.js";

/** Authorized keys: files or lines of the authorized_keys format, or a function that decides. */
type AuthorizedKeysOption = string | readonly string[] | { readonly lines: readonly string[] } | KeyLookup;

/**
 * Opens the source of the option `authorizedKeys`; the caller closes it.
 * @param option the name of the option, for messages
 * @throws Error of one line with the fix, where a file is missing, unreadable or writable by others, or lines list no key
 */
export async function openKeySource(
  from: AuthorizedKeysOption,
  config: KeySourceConfig,
  option = "authorizedKeys",
): Promise<KeySource> {
  if (typeof from === "function") return { ...FIXED, lookup: from };
  if (typeof from === "string") return AuthorizedKeysFiles.open([from], config);
  return "lines" in from ? openLines(from.lines, config, option) : AuthorizedKeysFiles.open(from, config);
}

/** A source without authorities that never changes. */
const FIXED: Omit<KeySource, "lookup"> = {
  authorities: () => [],
  refresh: async () => {},
  onChange: () => () => {},
  warnings: [],
  close: () => {},
};

function openLines(lines: readonly string[], { unknownScopes }: KeySourceConfig, option: string): KeySource {
  const { keys, wrong, warnings } = parseAuthorizedKeys([{ name: option, text: lines.join("\n") }]);
  if (keys.length === 0) {
    const problem = wrong[0] === undefined ? "" : `; ${wrong[0].problem}`;
    throw new Error(`${option} has no valid key, so no key can log in${problem}`);
  }
  return {
    ...FIXED,
    grants: keys.map(({ grant }) => grant),
    lookup: (attempt) => answerAttempt(keys, attempt),
    authorities: (attempt) => authoritiesFor(keys, attempt),
    warnings: [
      ...wrong.map(({ problem }) => `${problem}; the line is ignored`),
      ...warnings,
      ...(unknownScopes?.inLines(keys) ?? []),
    ],
  };
}
