import { eachSubschema, refName, type SchemaOrBoolean } from "./schema-walk.js";

/** Keywords whose subschemas apply to the same value as the schema itself. */
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
 * A circular chain of references from the type `name` to itself that passes through no property and no item, such as
 * A, B, A; undefined if there is none. The validator of such a type would call itself forever.
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
      const chain = search(next);
      if (chain !== undefined) return [from, ...chain];
    }
    return undefined;
  };
  return search(name);
}

/** The named types that also apply to a value of `schema`. */
function namesInPlace(schema: SchemaOrBoolean): readonly string[] {
  if (typeof schema === "boolean") return [];
  const own = refName(schema);
  const names = own === undefined ? [] : [own];
  eachSubschema(schema, (sub, keyword) => {
    if (IN_PLACE.has(keyword)) names.push(...namesInPlace(sub));
  });
  return names;
}
