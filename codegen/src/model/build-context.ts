import type { Problems } from "../base/problem.js";
import type { DerivedNames } from "./derived-names.js";
import type { Doc, Hint } from "./hint.js";
import type { TypeReader } from "./type-reader.js";

/** What the steps of one build share. */
export interface BuildContext {
  readonly problems: Problems;
  readonly types: TypeReader;
  readonly names: DerivedNames;
}

/** The `description` option, or else what the comment says. */
export function describedBy(value: object, { doc }: { readonly doc: Doc }): { readonly description?: string } {
  const own = (value as { readonly description?: unknown }).description;
  const description = typeof own === "string" && own !== "" ? own : doc.description;
  return description === undefined ? {} : { description };
}

/** Reports each key of `value` that is none of `known`. */
export function refuseUnknownKeys(
  value: object,
  known: readonly string[],
  hint: Hint,
  path: string,
  what: string,
  problems: Problems,
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const where = path === "" ? key : `${path}.${key}`;
    problems.add(hint.child(key).at, where, `${key} is no ${what}; it may have ${known.join(", ")}`);
  }
}
