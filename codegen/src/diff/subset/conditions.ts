import type { JsonSchema } from "sshrpc/contract";
import type { SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { Alternative } from "./alternative.js";

/** Keywords that declare other properties than those that a schema lists. */
const NOT_LISTED = ["$ref", "patternProperties", "additionalProperties", "unevaluatedProperties"];

/** The properties that `if` and `dependentSchemas` of a schema declare; undefined where these are not a list of names. */
export function declaredByConditions(schema: JsonSchema): readonly string[] | undefined {
  const conditions = ["if", "then", "else"].map((keyword) => (schema[keyword] ?? true) as SchemaOrBoolean);
  const dependent = Object.values((schema["dependentSchemas"] ?? {}) as Record<string, SchemaOrBoolean>);
  return declaredBy([...conditions, ...dependent]);
}

function declaredBy(schemas: readonly SchemaOrBoolean[]): readonly string[] | undefined {
  const found = schemas.map((schema) => {
    if (typeof schema === "boolean") return [];
    if (NOT_LISTED.some((keyword) => keyword in schema)) return undefined;
    const members = ["allOf", "anyOf", "oneOf"].flatMap((keyword) => (schema[keyword] ?? []) as SchemaOrBoolean[]);
    const [inside, conditions] = [declaredBy(members), declaredByConditions(schema)];
    const own = [...Object.keys(schema["properties"] ?? {}), ...((schema["required"] ?? []) as readonly string[])];
    return inside && conditions && [...own, ...inside, ...conditions];
  });
  return found.every((names) => names !== undefined) ? found.flat() : undefined;
}

/** The alternative with more properties; undefined for any. */
export function declare(one: Alternative, names: readonly string[] | undefined): Alternative {
  if (one.kind !== "object" || names?.length === 0) return one;
  if (names === undefined) return { ...one, decided: true };
  const added = names.filter((name) => !one.properties.has(name)).map((name) => [name, one.rest] as const);
  return { ...one, properties: new Map([...one.properties, ...added]) };
}
