// Keywords that exist only in schemas rewritten for validators.

/** The keyword that calls the validator of another type. */
export const CALL = "x-call";

/**
 * The keyword with the constraints of one value that are checked in order, up to the first that fails: a pattern does not run
 * on a text that is too long, and one value has one issue.
 */
export const FIRST = "x-first";

/** The keyword with schemas of which at most one applies to a value. */
export const CASES = "x-cases";

/** The keyword with the {@link CaseCondition}s of {@link CASES}. */
export const WHEN = "x-when";

/** When a branch of a union applies: to values of JSON types, or to objects whose property `tag` has one of `values`. */
export type CaseCondition =
  | { readonly types: readonly string[] }
  | { readonly tag: string; readonly values: readonly unknown[] };
