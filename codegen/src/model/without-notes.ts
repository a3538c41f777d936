import type { JsonSchema } from "sshrpc/contract";
import { keywordValue } from "./keywords.js";
import { mapSubschemas, type SchemaOrBoolean } from "./schema-walk.js";

/** The schema without what is there for people alone: two schemas that a call cannot tell apart become equal. */
export function withoutNotes<S extends SchemaOrBoolean>(schema: S): S {
  if (typeof schema === "boolean") return schema;
  const kept = Object.entries(schema).filter(([keyword]) => keywordValue(keyword) !== "note");
  return mapSubschemas(Object.fromEntries(kept) as JsonSchema, withoutNotes) as S;
}
