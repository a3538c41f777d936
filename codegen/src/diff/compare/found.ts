import type { SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { Key, Place } from "../rules/change.js";
import type { RuleId } from "../rules/rules.js";

/** A difference of two types. */
export interface Found {
  readonly rule: RuleId;
  readonly keys: readonly Key[];
  readonly old?: unknown;
  readonly new?: unknown;
  readonly place: Place;
  /** The schemas at the place, which decide whether the difference matters. */
  readonly schemas?: readonly [SchemaOrBoolean, SchemaOrBoolean];
}

/** Two named types that are compared at a place, each pair once. */
export interface Link {
  readonly link: readonly [old: string, next: string];
  readonly keys: readonly Key[];
  readonly place: Place;
}

/** What a comparison finds in a part that has no named types inside. */
export type Entry = Found | Link;

/** The entries of a part, seen from the whole. */
export function below(key: Key, entries: readonly Entry[], place: Place = {}): readonly Entry[] {
  return entries.map((one) => ({ ...one, keys: [key, ...one.keys], place: innermost(one.place, place) }));
}

/** The innermost place that has a line: those of a named type, and its own properties, not those of objects inside. */
export function innermost(part: Place, whole: Place): Place {
  if (part.type !== undefined) return part;
  return whole.property === undefined ? { ...whole, ...part } : whole;
}
