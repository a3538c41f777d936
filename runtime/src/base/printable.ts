/** What a private key begins with: PEM, SSH2 and PuTTY; and OpenSSH's own without its first line, which is base64 then. */
const KEY = /-{4,5} ?BEGIN |PuTTY-User-Key-File-|b3BlbnNzaC1rZXktdjE/;
const KEY_TEXT = new RegExp(`^(?:${KEY.source})`);
/** A key up to its last line; without one, nobody can tell where it ends. */
const WHOLE_KEY = new RegExp(`(?:${KEY.source})[^]*?(?:-{4,5} ?END [^-]*-{4,5}|$)`, "g");

/** A public key or certificate, as `.pub` files have it. */
const PUBLIC_KEY_TEXT = /^(?:ssh|ecdsa|sk-(?:ssh|ecdsa))-\S+[ \t]+AAAA/;

/** Whether a text is a key itself, where the name of a file may stand too. A byte order mark is white space here. */
export function isKeyText(text: string): boolean {
  const start = text.trimStart();
  return KEY_TEXT.test(start) || PUBLIC_KEY_TEXT.test(start);
}

/** Takes private keys out of a text: no message may quote one, wherever it was pasted. */
export function hideKeys(text: string): string {
  return text.replace(WHOLE_KEY, "(a key)");
}

/** Whether a text is a key, or holds a part of one that can be told: it can be no name, and must not be quoted. */
export function holdsKey(text: string): boolean {
  return isKeyText(text) || KEY.test(text);
}

/**
 * Checks that a text is the name of a file, before a system call or a message quotes it.
 * @param what it is, for the message, such as `known hosts file`
 * @throws Error of one line, where it is a key itself
 */
export function checkFileName(name: string, what: string): string {
  if (typeof name !== "string") throw new Error(`${what}: not the name of a file, but a value of type ${typeof name}`);
  if (!holdsKey(name)) return name;
  throw new Error(`${what}: the text of a key, not the name of a file; save the key to a file and give its name`);
}

/**
 * Makes text from a peer or a file fit for one line of a message: control characters and others that a terminal
 * would act on are escaped, private keys are taken out, and what is longer than `limit` characters is cut.
 */
export function printable(text: string, limit = 200): string {
  const shown = hideKeys(text);
  const line = shown.slice(0, limit).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter);
  return shown.length > limit ? `${line}…` : line;
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
