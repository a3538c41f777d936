import type { JsonSchema } from "sshrpc/contract";
import { isSchemaObject, refName } from "../../../model/schema/schema-walk.js";

/** Looks up a named type. */
export type SchemaOf = (name: string) => JsonSchema | undefined;

/**
 * The constraints of a schema that its type does not show, in the words of `help`: ``1 to 40 characters, matches `^[a-z]+$` ``. Those of
 * the types that it names count; those of the members of a union do not. Empty where it has none.
 */
export function constraints(schema: JsonSchema, schemaOf: SchemaOf): string {
  return constraintsOf(schema, schemaOf, new Set()).join(", ");
}

function constraintsOf(schema: JsonSchema, schemaOf: SchemaOf, seen: Set<JsonSchema>): readonly string[] {
  return partsOf(schema, schemaOf, seen).flatMap((part) => [
    ...range(part, ["minimum", "maximum"], ""),
    ...exclusive(part),
    ...range(part, ["minLength", "maxLength"], "character"),
    ...range(part, ["minItems", "maxItems"], "item"),
    ...range(part, ["minProperties", "maxProperties"], "key"),
    ...others(part),
    ...ofItems(part, schemaOf, seen),
  ]);
}

/** A schema, and the named types that it refers to, each once. The keywords of an object are those of its own type. */
export function partsOf(schema: JsonSchema, schemaOf: SchemaOf, seen = new Set<JsonSchema>()): readonly JsonSchema[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const name = refName(schema);
  const allOf = Array.isArray(schema["allOf"]) ? schema["allOf"] : [];
  const inner = [name === undefined ? undefined : schemaOf(name), ...allOf].filter(isSchemaObject);
  return [...inner.flatMap((part) => partsOf(part, schemaOf, seen)), schema];
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

function others({ multipleOf, format, pattern, uniqueItems }: JsonSchema): readonly string[] {
  return [
    ...(multipleOf === undefined ? [] : [`a multiple of ${multipleOf}`]),
    ...(typeof format === "string" ? [format] : []),
    ...(typeof pattern === "string" ? [`matches ${code(pattern)}`] : []),
    ...(uniqueItems === true ? ["no item twice"] : []),
  ];
}

/** Items can be of the type that they are in, which has been said. */
function ofItems({ items }: JsonSchema, schemaOf: SchemaOf, seen: ReadonlySet<JsonSchema>): readonly string[] {
  const each = isSchemaObject(items) ? constraintsOf(items, schemaOf, new Set(seen)).join(", ") : "";
  return each === "" ? [] : [`each ${each}`];
}

/** Text of a schema in a comment, where Markdown and tags would change it. */
export function code(text: string): string {
  const fence = "`".repeat(Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  return fence.length === 1 ? `\`${text}\`` : `${fence} ${text} ${fence}`;
}
