import { inspect } from "node:util";

/** The maximum length of the description of a thrown object, in characters. */
const MAX_DESCRIPTION = 500;

/**
 * The message of a thrown value, which may be a string or any other value. An object without a text of its own is described in
 * one bounded line. Never throws, even if a getter or `toString` of the value does.
 */
export function errorMessage(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return String(thrown.message);
    if (!isPlain(thrown)) return String(thrown);
    const text = inspect(thrown, {
      depth: 2,
      breakLength: Number.POSITIVE_INFINITY,
      compact: true,
      maxStringLength: 200,
    });
    const line = text.replace(/\s*\n\s*/g, " ");
    return line.length > MAX_DESCRIPTION ? `${line.slice(0, MAX_DESCRIPTION)}…` : line;
  } catch {
    return "the thrown value cannot be converted to a string";
  }
}

/** A thrown value as an error: itself if it is one. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(errorMessage(thrown), { cause: thrown });
}

/** Whether a value is an object whose conversion to a string would be `[object Object]`, or fail. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value.toString === undefined || value.toString === Object.prototype.toString;
}
