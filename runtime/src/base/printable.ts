import { wrongType } from "./wrong-type.js";

/**
 * The base64 of private keys in PEM without their first line, whose DER begins with a fixed version or algorithm: PKCS#1 and
 * PKCS#8, also encrypted; SEC1 and PKCS#8 of the NIST curves; PKCS#8 of Ed25519 and Ed448.
 */
const DER =
  /(?<![A-Za-z0-9+/:=])(?:MII[A-Za-z0-9+/]{3}IBA|MII[A-Za-z0-9+/]{2,8}BgkqhkiG9w0BBQ|MI[GH][A-Za-z0-9+/]AgE|MHcCAQEE|MC4CAQAw|MEcCAQAw)/;
/** The beginnings of private keys: PEM, SSH2, PuTTY, and the base64 of OpenSSH's format and of PEM without the first line. */
const KEY = new RegExp(`-{4,5} ?BEGIN |PuTTY-User-Key-File-|b3BlbnNzaC1rZXktdjE|${DER.source}`);
const KEY_TEXT = new RegExp(`^(?:${KEY.source})`);
/** A private key up to its last line, or up to the end of the text if that line is missing. */
const WHOLE_KEY = new RegExp(`(?:${KEY.source})[^]*?(?:-{4,5} ?END [^-]*-{4,5}|$)`, "g");

/** A public key or certificate in the format of `.pub` files. */
const PUBLIC_KEY_TEXT = /^(?:ssh|ecdsa|sk-(?:ssh|ecdsa))-\S+[ \t]+AAAA/;

/** Whether a text is a key, in an option that also takes a file name. A byte order mark counts as white space. */
export function isKeyText(text: string): boolean {
  const start = text.trimStart();
  return KEY_TEXT.test(start) || PUBLIC_KEY_TEXT.test(start);
}

/** Removes private keys from a text: no message may quote one. */
export function hideKeys(text: string): string {
  return text.replace(WHOLE_KEY, "(a key)");
}

/** Whether a text is a key or contains a recognizable part of one: it is not a name, and must not be quoted. */
export function holdsKey(text: string): boolean {
  return isKeyText(text) || KEY.test(text);
}

/**
 * Checks that a text is a file name, before a system call or a message quotes it.
 * @param what its role in messages, such as `known hosts file`
 * @throws Error of one line if it is a key
 */
export function checkFileName(name: string, what: string): string {
  if (typeof name !== "string") throw new Error(`${what}: ${wrongType(name, "a file name")}`);
  if (!holdsKey(name)) return name;
  throw new Error(`${what}: received the text of a key, not a file name; save the key to a file and pass its name`);
}

/**
 * Prepares text from a peer or a file for one line of a message: escapes control characters and others that a terminal
 * interprets, removes private keys, and truncates to `limit` characters.
 */
export function printable(text: string, limit = 200): string {
  const shown = hideKeys(text);
  const line = shown.slice(0, limit).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter);
  return shown.length > limit ? `${line}…` : line;
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
