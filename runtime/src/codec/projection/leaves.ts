import type { Projection } from "../../contract/method.js";

/** Any value, unchanged. */
export const any: Projection = {
  write: (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : writeScalar(value)),
  pick: (value) => value,
  isWhole: () => true,
};

/** A string, a number, a boolean or null. */
export const scalar: Projection = {
  write: writeScalar,
  pick: checkScalar,
  isWhole: (value) => typeof value !== "object" || value === null,
};

/** What JSON escapes in a string: quotes, backslashes, control characters, and surrogates without a partner. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Characters up to which the search for {@link ESCAPED} beats `JSON.stringify`, which copies the text. */
const SHORT = 512;

/** The same text as `JSON.stringify`, which takes several times as long for short strings and numbers. */
export function writeScalar(value: unknown): string | undefined {
  if (typeof value === "string") return writeString(value);
  if (typeof value === "number") return Number.isFinite(value) ? `${value}` : "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value === null) return "null";
  return JSON.stringify(checkScalar(value));
}

/** @throws TypeError for an object */
export function checkScalar(value: unknown): unknown {
  if (typeof value === "object" && value !== null) throw misfit("an object or array in place of another value");
  return value;
}

/** A string as JSON. */
export function writeString(text: string): string {
  return text.length > SHORT || ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** Only `toJSON` or a getter gets here: the validator has accepted the value. */
export function misfit(what: string): TypeError {
  return new TypeError(`the value changed after its validation: ${what}`);
}
