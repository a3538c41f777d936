import type { JsonSchema } from "./contract.js";

/** Looks up a named type of the contract. */
export type SchemaOf = (name: string) => JsonSchema | undefined;

/** What {@link constraints} is created with. */
interface Wording {
  readonly schemaOf: SchemaOf;
  /** How a pattern is written. Default: as it is. */
  readonly code?: (pattern: string) => string;
  /** What else is said of each part of the schema, before its constraints and after them. */
  readonly beside?: (part: JsonSchema) => { readonly before: readonly string[]; readonly after: readonly string[] };
}

/**
 * The constraints of a schema as one line: `1 to 100 characters, matches ^[a-z]+$`. Those of the types that it names count; those of the
 * members of a union do not. Empty where it has none.
 */
export function constraints(schema: JsonSchema, wording: Wording): string {
  return constraintsOf(schema, wording, new Set()).join(", ");
}

function constraintsOf(schema: JsonSchema, wording: Wording, seen: Set<JsonSchema>): readonly string[] {
  const { schemaOf, code = (pattern) => pattern, beside } = wording;
  if (beside === undefined && !Object.keys(schema).some((keyword) => SAYING.has(keyword))) return [];
  return appliedSchemas(schema, schemaOf, seen).flatMap((part) => {
    const { before = [], after = [] } = beside?.(part) ?? {};
    return [
      ...before,
      ...range(part, ["minimum", "maximum"], ""),
      ...exclusive(part),
      ...range(part, ["minLength", "maxLength"], "character"),
      ...range(part, ["minItems", "maxItems"], "item"),
      ...range(part, ["minProperties", "maxProperties"], "key"),
      ...others(part, code),
      ...ofItems(part, wording, seen),
      ...after,
    ];
  });
}

/** The keywords without which a schema has no constraints. Most schemas have none of them. */
const SAYING: ReadonlySet<string> = new Set([
  ...["$ref", "allOf", "items", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  ...["minLength", "maxLength", "pattern", "format"],
  ...["minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"],
]);

/** A schema, and those that apply with it: the named types that it refers to, and the members of `allOf`, each once. */
export function appliedSchemas(
  schema: JsonSchema,
  schemaOf: SchemaOf,
  seen = new Set<JsonSchema>(),
): readonly JsonSchema[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const { $ref: ref, allOf } = schema;
  const named = typeof ref === "string" ? schemaOf(ref.replace(/^#\/types\//, "")) : undefined;
  const inner = [named, allOf].flat().filter(isSchema);
  return [...inner.flatMap((part) => appliedSchemas(part, schemaOf, seen)), schema];
}

function range(schema: JsonSchema, [low, high]: readonly [string, string], unit: string): readonly string[] {
  const [least, most] = [schema[low], schema[high]];
  const counted = (count: unknown): string => `${count} ${count === 1 || unit === "" ? unit : `${unit}s`}`.trim();
  if (least !== undefined && least === most) return [counted(least)];
  if (least !== undefined && most !== undefined) return [`${least} to ${counted(most)}`];
  if (least !== undefined) return [`at least ${counted(least)}`];
  return most === undefined ? [] : [`at most ${counted(most)}`];
}

function exclusive({ exclusiveMinimum, exclusiveMaximum }: JsonSchema): readonly string[] {
  return [
    ...(exclusiveMinimum === undefined ? [] : [`over ${exclusiveMinimum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`under ${exclusiveMaximum}`]),
  ];
}

function others(
  { multipleOf, format, pattern, uniqueItems }: JsonSchema,
  code: (pattern: string) => string,
): readonly string[] {
  return [
    ...(multipleOf === undefined ? [] : [`a multiple of ${multipleOf}`]),
    ...(typeof format === "string" ? [format] : []),
    ...(typeof pattern === "string" ? [`matches ${code(pattern)}`] : []),
    ...(uniqueItems === true ? ["no item twice"] : []),
  ];
}

/** Items can be of the type that they are in, which has been said. */
function ofItems({ items }: JsonSchema, wording: Wording, seen: ReadonlySet<JsonSchema>): readonly string[] {
  const each = isSchema(items) ? constraintsOf(items, wording, new Set(seen)).join(", ") : "";
  return each === "" ? [] : [`each ${each}`];
}

/** Whether a value can be a schema with keywords. */
export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
