import { eachSubschema, refName, type SchemaOrBoolean } from "./schema-walk.js";

/** Keywords whose schemas hold for the same value as the schema around them. */
const IN_PLACE: ReadonlySet<string> = new Set([
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "dependentSchemas",
]);

/**
 * The names on a way of references from the type `name` back to itself that goes into no property and no item, such as
 * A, B, A: such a type describes nothing, and its validator would call itself without end. Undefined where there is none.
 */
export function circleOf(
  name: string,
  schemaOf: (name: string) => SchemaOrBoolean | undefined,
): readonly string[] | undefined {
  const seen = new Set<string>();
  const search = (from: string): readonly string[] | undefined => {
    for (const next of namesInPlace(schemaOf(from) ?? true)) {
      if (next === name) return [from, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const way = search(next);
      if (way !== undefined) return [from, ...way];
    }
    return undefined;
  };
  return search(name);
}

/** The named types that a value of `schema` is held against as well. */
function namesInPlace(schema: SchemaOrBoolean): readonly string[] {
  if (typeof schema === "boolean") return [];
  const own = refName(schema);
  const names = own === undefined ? [] : [own];
  eachSubschema(schema, (sub, keyword) => {
    if (IN_PLACE.has(keyword)) names.push(...namesInPlace(sub));
  });
  return names;
}
