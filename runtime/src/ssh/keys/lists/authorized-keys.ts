import { errorMessage } from "../../../base/error-message.js";
import { hideKeys, printable } from "../../../base/printable.js";
import { isCertificateType, KEY_TYPES, type PublicKey, parsePublicKey } from "../format/public-key.js";
import { toKeyObject } from "../format/public-key-object.js";
import type { AddressPatterns } from "./address-patterns.js";
import { NO_OPTIONS, parseKeyOptions, splitOptions } from "./authorized-keys-options.js";
import type { KeyAuthority } from "./key-lookup.js";

/** A key that authorized_keys lists, and what its line says of it. */
export interface AuthorizedKey {
  readonly key: PublicKey;
  /** What it gets. A line without the option `scopes` grants none: its key may call only what asks for none. */
  readonly grant: KeyAuthority;
  /** Whether it makes certificates, and is none to log in with. */
  readonly isAuthority: boolean;
  /** Where it may be used from; absent for anywhere. */
  readonly from?: AddressPatterns;
  /** `file:line`, for messages. */
  readonly place: string;
}

/** A line that was ignored. */
export interface WrongLine {
  /** The line itself. */
  readonly text: string;
  /** `file:line: reason`, fit for one line of a log. */
  readonly problem: string;
}

/** What the files list. */
export interface AuthorizedKeys {
  /** In the order of their lines; a key may be listed more than once, with other limits. */
  readonly keys: readonly AuthorizedKey[];
  /** Lines that are not understood whole. Their keys are not listed. */
  readonly wrong: readonly WrongLine[];
  /** What else an operator should know, each as `file:line: what`. */
  readonly warnings: readonly string[];
}

/** What one line says. */
export interface AuthorizedKeyLine extends Omit<AuthorizedKey, "place"> {
  /** What is ignored of it, without the place. */
  readonly warnings: readonly string[];
}

/** A longer line is no key: it is refused. In characters. */
const MAX_LINE = 64 * 1024;
/** A file with more wrong lines is another kind of file: the rest of it is not read. */
const MAX_WRONG = 1000;

/**
 * Reads files in the format of sshd(8), AUTHORIZED_KEYS FILE FORMAT. Whatever they hold, it never throws: a line that
 * is not understood whole is ignored and named, as sshd does.
 */
export function parseAuthorizedKeys(
  files: readonly { readonly name: string; readonly text: string }[],
): AuthorizedKeys {
  const keys: AuthorizedKey[] = [];
  const wrong: WrongLine[] = [];
  const warnings: string[] = [];
  const unlimited = new Map<string, string>();
  for (const file of files) {
    const quote = quoterOf(file.text);
    const limit = wrong.length + MAX_WRONG;
    for (const [index, text] of file.text.split("\n").entries()) {
      const place = `${file.name}:${index + 1}`;
      if (wrong.length === limit) {
        wrong.push({ text: "", problem: `${place}: ${MAX_WRONG} lines before it are wrong; the rest is not read` });
        break;
      }
      try {
        const line = parseAuthorizedKeyLine(text);
        if (line === undefined) continue;
        const { warnings: remarks, ...entry } = line;
        keys.push({ ...entry, place });
        warnings.push(...remarks.map((remark) => `${place}: ${remark}`));
        // The first line whose limits allow an attempt counts, so that another one after a line without limits never does.
        const id = `${entry.key.fingerprint} ${entry.isAuthority}`;
        const first = entry.grant.principals === undefined ? unlimited.get(id) : undefined;
        if (first !== undefined) warnings.push(`${place}: the key is already at ${first}; this line changes nothing`);
        else if (isUnlimited(entry)) unlimited.set(id, place);
      } catch (error) {
        wrong.push({ text, problem: `${place}: ${quote(errorMessage(error))}` });
      }
    }
  }
  return { keys, wrong, warnings };
}

/**
 * Gives what makes messages about the lines of a text fit to be shown: where the text holds a private key, its lines must
 * not be quoted, and nobody can tell which ones are its.
 */
export function quoterOf(text: string): (message: string) => string {
  if (hideKeys(text) === text) return (message) => message;
  return (message) =>
    message.startsWith("a private key") ? message : "not a public key; the file holds a private key";
}

/**
 * Reads one line; undefined where it is blank or a comment.
 * @throws Error of one line without the place, where it is not understood whole
 */
export function parseAuthorizedKeyLine(raw: string): AuthorizedKeyLine | undefined {
  if (raw.length > MAX_LINE) throw new Error(`the line is longer than ${MAX_LINE} characters`);
  const line = raw.replace(/^[ \t]+/, "").trimEnd();
  if (line === "" || line.startsWith("#")) return undefined;
  if (line.startsWith("\uFEFF"))
    throw new Error("a byte order mark stands before it: save the file as UTF-8 without one");
  if (line.includes("\0")) throw new Error("it holds a NUL byte: that is no text");
  if (line.includes("PRIVATE KEY---")) throw new Error("a private key: list the public one, the file with .pub");
  // A line begins with its options, unless its first word is a type of key: so does sshd tell them apart.
  const { options, rest } = looksLikeType(line) ? { options: "", rest: line } : splitOptions(line);
  const { grant, ...limits } = options === "" ? NO_OPTIONS : parseKeyOptions(options);
  const [, type = "", base64 = "", comment = ""] = /^([^ \t]*)[ \t]*([^ \t]*)[ \t]*(.*)$/s.exec(rest) ?? [];
  if (!looksLikeType(rest)) throw new Error(`no type of key: ${printable(type, 40) || "the line ends there"}`);
  if (isCertificateType(type)) throw new Error("a certificate cannot be listed; list the key that it certifies");
  if (!KEY_TYPES.includes(type)) {
    throw new Error(`keys of type ${printable(type, 60)} are not supported; use ssh-ed25519`);
  }
  const key = parsePublicKey(type, base64);
  try {
    toKeyObject(key);
  } catch (error) {
    throw new Error(`the ${type} key is none that can be used: ${printable(errorMessage(error))}`, {
      cause: error,
    });
  }
  return { key, grant: { ...grant, ...(comment === "" ? {} : { keyName: printable(comment) }) }, ...limits };
}

function looksLikeType(text: string): boolean {
  return /^(?:sk-)?(?:ssh|ecdsa)-[^ \t,="]+(?:[ \t]|$)/.test(text);
}

function isUnlimited({ from, grant }: Pick<AuthorizedKey, "from" | "grant">): boolean {
  return from === undefined && grant.expires === undefined && grant.principals === undefined;
}
