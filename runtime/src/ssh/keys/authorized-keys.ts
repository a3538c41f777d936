import { printable } from "../printable.js";
import { parseKeyOptions } from "./authorized-keys-options.js";
import { isCertificateType, KEY_TYPES, type PublicKey, parsePublicKey } from "./public-key.js";

/** One key that may log in. */
export interface AuthorizedKey {
  readonly key: PublicKey;
  /** The comment of its line; absent where there is none. */
  readonly keyName?: string;
  /** What it may do; a key without the option `scopes` holds none, and may call only what asks for none. */
  readonly scopes: readonly string[];
  /** `file:line`, for messages. */
  readonly place: string;
}

/** What the files list. */
export interface AuthorizedKeys {
  readonly keys: readonly AuthorizedKey[];
  /** Lines that were ignored, each as `file:line: reason`; at most a hundred, then their number. */
  readonly problems: readonly string[];
}

/** A longer line is no key: it is refused. In characters. */
const MAX_LINE = 64 * 1024;
const MAX_PROBLEMS = 100;

/**
 * Reads files in the format of sshd(8), AUTHORIZED_KEYS FILE FORMAT. Whatever they hold, it never throws: a line that
 * is not understood whole is ignored and named among the problems. The first of two lines with the same key counts.
 */
export function parseAuthorizedKeys(
  files: readonly { readonly name: string; readonly text: string }[],
): AuthorizedKeys {
  const keys = new Map<string, AuthorizedKey>();
  const problems: string[] = [];
  for (const file of files) {
    for (const [index, line] of file.text
      .replace(/^\uFEFF/, "")
      .split("\n")
      .entries()) {
      const place = `${file.name}:${index + 1}`;
      try {
        const entry = parseLine(line, place);
        const first = entry && keys.get(entry.key.fingerprint);
        if (first) throw new Error(`the key is already at ${first.place}; that line counts`);
        if (entry) keys.set(entry.key.fingerprint, entry);
      } catch (error) {
        problems.push(`${place}: ${(error as Error).message}; the line is ignored`);
      }
    }
  }
  const more = problems.length - MAX_PROBLEMS;
  if (more > 0) problems.splice(MAX_PROBLEMS, more, `and ${more} more lines that are ignored`);
  return { keys: [...keys.values()], problems };
}

/** The entry of one line; undefined where it is blank or a comment. */
function parseLine(raw: string, place: string): AuthorizedKey | undefined {
  if (raw.length > MAX_LINE) throw new Error(`the line is longer than ${MAX_LINE} characters`);
  const line = raw.trim();
  if (line === "" || line.startsWith("#")) return undefined;
  // A line begins with its options, unless its first word is a type of key: so does sshd tell them apart.
  const { scopes, rest } = looksLikeType(line) ? { scopes: [], rest: line } : parseKeyOptions(line);
  const [, type = "", base64 = "", comment = ""] = /^([^ \t]*)[ \t]*([^ \t]*)[ \t]*(.*)$/s.exec(rest) ?? [];
  if (!looksLikeType(rest)) throw new Error(`no type of key: ${printable(type, 40) || "the line ends there"}`);
  if (isCertificateType(type)) throw new Error("a certificate cannot be listed; list the key that it certifies");
  if (!KEY_TYPES.includes(type)) {
    throw new Error(`keys of type ${printable(type, 60)} are not supported; use ssh-ed25519`);
  }
  const key = parsePublicKey(type, base64);
  return { key, ...(comment === "" ? {} : { keyName: printable(comment) }), scopes, place };
}

function looksLikeType(text: string): boolean {
  return /^(?:sk-)?(?:ssh|ecdsa)-[^ \t,="]+(?:[ \t]|$)/.test(text);
}
