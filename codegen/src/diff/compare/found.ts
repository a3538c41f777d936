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

/** The differences of a part, seen from the whole. */
export function below(key: Key, found: readonly Found[], place: Place = {}): readonly Found[] {
  return found.map((one) => ({ ...one, keys: [key, ...one.keys], place: inner(one.place, place) }));
}

/** The place of a part inside a named type is the more exact one. */
export function inner(part: Place, whole: Place): Place {
  return part.type === undefined && part.property === undefined ? whole : part;
}
