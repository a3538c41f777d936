import { type JsonSchema, keywordValue } from "sshrpc/contract";
import { isPlain } from "./json-value.js";

/** A schema may also be `true` (everything) or `false` (nothing). */
export type SchemaOrBoolean = JsonSchema | boolean;

/** Whether `value` can be a schema: a plain object, not an instance of a class such as Date. */
export function isSchemaObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value) && isPlain(value);
}

/**
 * Rebuilds `schema` with `change` applied to each schema directly inside it. `change` receives the keyword, and the
 * name or index below it where there is one.
 */
export function mapSubschemas(
  schema: JsonSchema,
  change: (sub: SchemaOrBoolean, keyword: string, key?: string | number) => unknown,
): JsonSchema {
  const changed: [string, unknown][] = Object.entries(schema).map(([keyword, value]) => {
    switch (keywordValue(keyword)) {
      case "schema":
        return [keyword, change(value as SchemaOrBoolean, keyword)];
      case "list":
      case "schema-or-list":
        if (!Array.isArray(value)) return [keyword, change(value as SchemaOrBoolean, keyword)];
        return [keyword, value.map((one: SchemaOrBoolean, index) => change(one, keyword, index))];
      case "map":
        if (!isSchemaObject(value)) return [keyword, value];
        return [keyword, mapValues(value as Record<string, SchemaOrBoolean>, (one, key) => change(one, keyword, key))];
      default:
        return [keyword, value];
    }
  });
  return Object.fromEntries(changed);
}

/** Calls `visit` for each schema directly inside `schema`. */
export function eachSubschema(
  schema: JsonSchema,
  visit: (sub: SchemaOrBoolean, keyword: string, key?: string | number) => void,
): void {
  mapSubschemas(schema, visit);
}

function mapValues<In, Out>(
  map: Readonly<Record<string, In>>,
  change: (value: In, key: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value, key)]));
}

const REF = "#/types/";

/** A reference to the named type `name`. */
export function refTo(name: string): JsonSchema {
  return { $ref: REF + name };
}

/** The named type that `schema` refers to; undefined if it is not a reference. */
export function refName(schema: SchemaOrBoolean): string | undefined {
  const ref = typeof schema === "object" ? schema["$ref"] : undefined;
  return typeof ref === "string" && ref.startsWith(REF) ? ref.slice(REF.length) : undefined;
}

/** Results of {@link withoutNotes}: emitters need them for the same schemas, which do not change. */
const bare = new WeakMap<JsonSchema, JsonSchema>();

/** The schema without annotations such as descriptions: schemas with the same effect on a call become equal. */
export function withoutNotes<S extends SchemaOrBoolean>(schema: S): S {
  if (!isSchemaObject(schema)) return schema;
  const known = bare.get(schema);
  if (known !== undefined) return known as S;
  const kept = Object.entries(schema).filter(([keyword]) => keywordValue(keyword) !== "note");
  const result = mapSubschemas(Object.fromEntries(kept), withoutNotes);
  bare.set(schema, result);
  return result as S;
}
