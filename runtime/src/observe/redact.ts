import { hideKeys, holdsKey } from "../base/printable.js";

/** What replaces a secret. */
export const HIDDEN = "[redacted]";

/** The names of fields whose values are secret, at their end, without case and separators: `newPassword`, `x-api-key`. */
const SECRET_NAME =
  /(?:password|passwd|passphrase|secret|token|authorization|cookie|api[-_]?key|private[-_]?key|credentials?)$/i;
/** The same in the JSON of a line, so that only lines with such a field are parsed. */
const SECRET_FIELD = new RegExp(`${SECRET_NAME.source.slice(0, -1)}"\\s*:`, "i");

/** Secrets inside of texts: the password of a URL, the value of an authorization header, `token=…`, and JSON in a text. */
const SECRET_TEXT = new RegExp(
  [
    /(:\/\/[^\s:@/"\\]*:)[^\s@/"\\]+(?=@)/.source,
    /\b((?:bearer|basic) )[\w.~+/=-]{8,}/.source,
    /((?:password|passwd|passphrase|secret|token|api[-_]?key)(?:=|\\?"\s*:\s*\\?"))[^\s&"\\]+/.source,
  ].join("|"),
  "gi",
);

/** Whether a field of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Removes private keys and {@link SECRET_TEXT} from a text. */
export function redactText(text: string): string {
  return hideKeys(text).replace(SECRET_TEXT, `$1$2$3${HIDDEN}`);
}

/** Removes secrets from a line of JSON, at every depth: the values of secret fields, and what {@link redactText} removes. */
export function redactLine(line: string): string {
  if (!SECRET_FIELD.test(line) && !holdsKey(line)) return line.replace(SECRET_TEXT, `$1$2$3${HIDDEN}`);
  try {
    const redacted = JSON.stringify(JSON.parse(line), (name, value: unknown) => {
      if (isSecretName(name) && value !== null) return HIDDEN;
      return typeof value === "string" ? redactText(value) : value;
    });
    return `${redacted}\n`;
  } catch {
    // Not JSON: an application's own serializer may write anything.
    return `${redactText(line).trimEnd()}\n`;
  }
}
