import type { ValidationError } from "../contract/method.js";
import { ucs2length } from "./ajv-runtime.js";
import { duplicateItems } from "./duplicate-items.js";

// What generated validators call. Each function that adds an error returns the list, which is null before the first.

type Errors = ValidationError[] | null;

type Named = Readonly<Record<string, unknown>>;

const SAFE = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };

/** The errors after which a loop over items or properties stops: a message may have millions of invalid ones. */
const MAX_LOOP_ERRORS = 10;

/** Adds an error of `keyword`. */
export function fail(
  errors: Errors,
  instancePath: string,
  keyword: string,
  params: ValidationError["params"],
): ValidationError[] {
  const error = { instancePath, keyword, params };
  if (errors === null) return [error];
  errors.push(error);
  return errors;
}

/** Adds the error of a value that has none of the types. */
export function wrongType(errors: Errors, path: string, type: string | readonly string[]): ValidationError[] {
  return fail(errors, path, "type", { type });
}

/** Adds the errors of required properties that are absent. */
export function missing(errors: Errors, path: string, value: Named, names: readonly string[]): Errors {
  let all = errors;
  for (const missingProperty of names) {
    if (value[missingProperty] === undefined) all = fail(all, path, "required", { missingProperty });
  }
  return all;
}

/** Adds the error of a property that the schema does not declare, up to the maximum for one object. */
export function undeclared(errors: Errors, path: string, additionalProperty: string): Errors {
  const earlier = errors?.at(-MAX_LOOP_ERRORS);
  if (earlier?.keyword === "additionalProperties" && earlier.instancePath === path) return errors;
  return fail(errors, path, "additionalProperties", { additionalProperty });
}

/** Adds the error of a text that {@link isText} rejects. */
export function wrongText(
  errors: Errors,
  path: string,
  value: unknown,
  { maxLength = Infinity, minLength = 0 }: { readonly maxLength?: number; readonly minLength?: number },
): ValidationError[] {
  if (typeof value !== "string") return wrongType(errors, path, "string");
  return isLonger(value, maxLength)
    ? fail(errors, path, "maxLength", { limit: maxLength })
    : fail(errors, path, "minLength", { limit: minLength });
}

/** Adds the error of a value that is not an integer of a range. Without one, the integer is not safe. */
export function wrongInteger(errors: Errors, path: string, value: unknown, range = SAFE): ValidationError[] {
  if (!Number.isInteger(value)) return wrongType(errors, path, "integer");
  return (value as number) > range.maximum
    ? fail(errors, path, "maximum", { comparison: "<=", limit: range.maximum })
    : fail(errors, path, "minimum", { comparison: ">=", limit: range.minimum });
}

/** Adds the error of equal items. */
export function duplicates(errors: Errors, path: string, items: readonly unknown[]): ValidationError[] {
  const [i, j] = duplicateItems(items) ?? [];
  return fail(errors, path, "uniqueItems", { i, j });
}

/** The errors of this validator with those of one that it has called. */
export function withErrors(errors: Errors, others: ValidationError[]): ValidationError[] {
  return errors === null ? others : errors.concat(others);
}

/** The number of errors before a loop. */
export function sizeOf(errors: Errors): number {
  return errors === null ? 0 : errors.length;
}

/** Whether a loop has added as many errors as an answer lists. Those before it may belong to another branch of a union. */
export function isFull(errors: Errors, before: number): boolean {
  return errors !== null && errors.length - before >= MAX_LOOP_ERRORS;
}

/** Whether a value is a text with a number of code points between the limits. */
export function isText(value: unknown, maxLength: number, minLength = 0): boolean {
  return typeof value === "string" && !isLonger(value, maxLength) && !isShorter(value, minLength);
}

/** Whether a text has more than `limit` code points, which are one or two units of UTF-16 each. */
export function isLonger(text: string, limit: number): boolean {
  return text.length > limit && (text.length > 2 * limit || ucs2length(text) > limit);
}

/** Whether a text has fewer than `limit` code points. */
export function isShorter(text: string, limit: number): boolean {
  return text.length < 2 * limit && (text.length < limit || ucs2length(text) < limit);
}

/** A key as part of a JSON pointer. */
export function pointer(key: string): string {
  return key.replace(/~/g, "~0").replace(/\//g, "~1");
}
