import { errorMessage } from "../../../base/error-message.js";
import { hideKeys, printable } from "../../../base/printable.js";
import { isCertificateType, KEY_TYPES, type PublicKey, parsePublicKey } from "../format/public-key.js";
import { toKeyObject } from "../format/public-key-object.js";
import type { AddressPatterns } from "./address-patterns.js";
import { NO_OPTIONS, parseKeyOptions, splitOptions } from "./authorized-keys-options.js";
import type { KeyAuthority } from "./key-lookup.js";

/** A key of authorized_keys, with the options of its line. */
export interface AuthorizedKey {
  readonly key: PublicKey;
  /** A line without the option `scopes` grants none: its key may call only methods that require no scope. */
  readonly grant: KeyAuthority;
  /** Whether the key is an authority for certificates, not a login key. */
  readonly isAuthority: boolean;
  /** The allowed source addresses; absent for all. */
  readonly from?: AddressPatterns;
  /** The user names that the key may log in under, and proves; absent for any, which it does not prove. */
  readonly users?: readonly string[];
  /** `file:line`, for messages. */
  readonly place: string;
}

/** An invalid line, which is ignored. */
interface WrongLine {
  readonly text: string;
  /** `file:line: reason`, escaped for the log. */
  readonly problem: string;
}

/** The content of authorized_keys files. */
export interface AuthorizedKeys {
  /** In the order of the lines; a key may be listed more than once, with other restrictions. */
  readonly keys: readonly AuthorizedKey[];
  /** Invalid lines, which list no key. */
  readonly wrong: readonly WrongLine[];
  /** Warnings for the operator, each as `file:line: text`. */
  readonly warnings: readonly string[];
}

/** One parsed line. */
export interface AuthorizedKeyLine extends Omit<AuthorizedKey, "place"> {
  /** Ignored options, one warning each. */
  readonly warnings: readonly string[];
}

/** In characters; a longer line is invalid. */
export const MAX_LINE = 64 * 1024;
/** After this many invalid lines, the rest of a file is skipped. */
const MAX_WRONG = 1000;

/**
 * Parses files in the format of sshd(8), AUTHORIZED_KEYS FILE FORMAT. It never throws: an invalid line is ignored and reported,
 * as in sshd.
 */
export function parseAuthorizedKeys(
  files: readonly { readonly name: string; readonly text: string }[],
): AuthorizedKeys {
  const keys: AuthorizedKey[] = [];
  const wrong: WrongLine[] = [];
  const warnings: string[] = [];
  const unrestricted = new Map<string, string>();
  for (const file of files) {
    const quote = quoterOf(file.text);
    const limit = wrong.length + MAX_WRONG;
    for (const [index, text] of file.text.split("\n").entries()) {
      const place = `${file.name}:${index + 1}`;
      if (wrong.length === limit) {
        wrong.push({
          text: "",
          problem: `${place}: ${MAX_WRONG} invalid lines before this one; the rest of the file is skipped`,
        });
        break;
      }
      try {
        const line = parseAuthorizedKeyLine(text);
        if (line === undefined) continue;
        const { warnings: ofLine, ...entry } = line;
        keys.push({ ...entry, place });
        warnings.push(...ofLine.map((warning) => `${place}: ${warning}`));
        // The first line whose restrictions allow a login counts, so that a line after an unrestricted one never does.
        const id = `${entry.key.fingerprint} ${entry.isAuthority}`;
        const first = entry.grant.principals === undefined ? unrestricted.get(id) : undefined;
        if (first !== undefined)
          warnings.push(`${place}: the key is already listed at ${first}; this line has no effect`);
        else if (isUnrestricted(entry)) unrestricted.set(id, place);
      } catch (error) {
        wrong.push({ text, problem: `${place}: ${quote(errorMessage(error))}` });
      }
    }
  }
  return { keys, wrong, warnings };
}

/**
 * Returns a function that prepares messages about the lines of a text for display: where the text contains a private key, no line
 * is quoted.
 */
export function quoterOf(text: string): (message: string) => string {
  if (hideKeys(text) === text) return (message) => message;
  return (message) =>
    message.startsWith("a private key") ? message : "not a public key; the file contains a private key";
}

/**
 * Parses one line; undefined where it is blank or a comment.
 * @throws Error of one line, where it is invalid
 */
export function parseAuthorizedKeyLine(raw: string): AuthorizedKeyLine | undefined {
  if (raw.length > MAX_LINE) throw new Error(`the line is longer than ${MAX_LINE} characters`);
  const line = raw.replace(/^[ \t]+/, "").trimEnd();
  if (line === "" || line.startsWith("#")) return undefined;
  if (line.startsWith("\uFEFF")) throw new Error("starts with a byte order mark; save the file as UTF-8 without one");
  if (line.includes("\0")) throw new Error("contains a NUL byte: not a text file");
  if (line.includes("PRIVATE KEY---")) throw new Error("a private key; list the public key, the file with .pub");
  // As in sshd, a line starts with options unless its first word is a key type.
  const { options, rest } = looksLikeType(line) ? { options: "", rest: line } : splitOptions(line);
  const { grant, ...limits } = options === "" ? NO_OPTIONS : parseKeyOptions(options);
  const [, type = "", base64 = "", comment = ""] = /^([^ \t]*)[ \t]*([^ \t]*)[ \t]*(.*)$/s.exec(rest) ?? [];
  if (!looksLikeType(rest))
    throw new Error(`unknown key type: ${printable(type, 40) || "the line ends after the options"}`);
  if (isCertificateType(type)) throw new Error("certificates cannot be listed; list the certified key");
  if (!KEY_TYPES.includes(type)) {
    throw new Error(`unsupported key type ${printable(type, 60)}; use ssh-ed25519`);
  }
  const key = parsePublicKey(type, base64);
  try {
    toKeyObject(key);
  } catch (error) {
    throw new Error(`unusable ${type} key: ${printable(errorMessage(error))}`, {
      cause: error,
    });
  }
  return { key, grant: { ...grant, ...(comment === "" ? {} : { keyName: printable(comment) }) }, ...limits };
}

function looksLikeType(text: string): boolean {
  return /^(?:sk-)?(?:ssh|ecdsa)-[^ \t,="]+(?:[ \t]|$)/.test(text);
}

function isUnrestricted({ from, users, grant }: Pick<AuthorizedKey, "from" | "users" | "grant">): boolean {
  return from === undefined && users === undefined && grant.expires === undefined && grant.principals === undefined;
}
