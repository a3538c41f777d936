import type { ValidationError } from "../contract/method.js";
import { ucs2length } from "./ajv-runtime.js";
import { duplicateItems } from "./duplicate-items.js";

// What generated validators call. Each function that adds an error returns the list, which is null before the first.

type Errors = ValidationError[] | null;

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

/** Adds the error of a required property that is absent. */
export function missing(errors: Errors, path: string, missingProperty: string): ValidationError[] {
  return fail(errors, path, "required", { missingProperty });
}

/** Adds the error of a property that the schema does not declare. */
export function undeclared(errors: Errors, path: string, additionalProperty: string): ValidationError[] {
  return fail(errors, path, "additionalProperties", { additionalProperty });
}

/** Adds the error of a number that is not a safe integer. */
export function unsafeInteger(errors: Errors, path: string, value: unknown): ValidationError[] {
  if (!Number.isInteger(value)) return wrongType(errors, path, "integer");
  return (value as number) > 0
    ? fail(errors, path, "maximum", { comparison: "<=", limit: Number.MAX_SAFE_INTEGER })
    : fail(errors, path, "minimum", { comparison: ">=", limit: Number.MIN_SAFE_INTEGER });
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
