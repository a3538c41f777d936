import type { Contract, JsonSchema } from "../../contract/contract.js";
import { isSchema } from "./schema-fields.js";

/**
 * The constraints of a schema as one line: `1 to 100 characters, matches ^[a-z]+$, default "a"`. Empty where it has none. Those
 * of a named type count; those of the members of a union do not.
 */
export function constraints(schema: JsonSchema, types: Contract["types"]): string {
  return constraintsOf(schema, types, new Set()).join(", ");
}

function constraintsOf(schema: JsonSchema, types: Contract["types"], seen: Set<JsonSchema>): readonly string[] {
  return partsOf(schema, types, seen).flatMap((part) => [
    ...values(part),
    ...range(part, ["minimum", "maximum"], "", ""),
    ...exclusive(part),
    ...range(part, ["minLength", "maxLength"], "character"),
    ...range(part, ["minItems", "maxItems"], "item"),
    ...range(part, ["minProperties", "maxProperties"], "key"),
    ...others(part),
    ...ofItems(part, types, seen),
    ...("default" in part ? [`default ${JSON.stringify(part["default"])}`] : []),
  ]);
}

/** A schema, and the named types that it refers to, each once. */
function partsOf(schema: JsonSchema, types: Contract["types"], seen: Set<JsonSchema>): readonly JsonSchema[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const reference = typeof schema["$ref"] === "string" ? types[schema["$ref"].replace(/^#\/types\//, "")] : undefined;
  const inner = [reference, schema["allOf"]].flat().filter(isSchema);
  return [...inner.flatMap((part) => partsOf(part, types, seen)), schema];
}

/** The values of an enumeration; a field's type lists them where it has no name. */
function values({ enum: listed }: JsonSchema): readonly string[] {
  return Array.isArray(listed) ? [`one of ${listed.map((value) => JSON.stringify(value)).join(", ")}`] : [];
}

function range(
  schema: JsonSchema,
  [low, high]: readonly [string, string],
  unit: string,
  plural = `${unit}s`,
): readonly string[] {
  const [least, most] = [schema[low], schema[high]];
  const counted = (count: unknown): string => `${count} ${count === 1 ? unit : plural}`.trim();
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

function others({ multipleOf, format, pattern, uniqueItems }: JsonSchema): readonly string[] {
  return [
    ...(multipleOf === undefined ? [] : [`a multiple of ${multipleOf}`]),
    ...(typeof format === "string" ? [format] : []),
    ...(typeof pattern === "string" ? [`matches ${pattern}`] : []),
    ...(uniqueItems === true ? ["no item twice"] : []),
  ];
}

/** Items can be of the type that they are in, which has been said. */
function ofItems({ items }: JsonSchema, types: Contract["types"], seen: ReadonlySet<JsonSchema>): readonly string[] {
  const each = isSchema(items) ? constraintsOf(items, types, new Set(seen)).join(", ") : "";
  return each === "" ? [] : [`each ${each}`];
}
