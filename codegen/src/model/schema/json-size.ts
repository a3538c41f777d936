import type { JsonSchema } from "sshrpc/contract";
import { refName, type SchemaOrBoolean, withoutNotes } from "./schema-walk.js";

/** Bytes of JSON text that every message may have beyond what its values need: for whitespace, and unusual spellings of numbers. */
const SLACK = 1024;

/** The same for each value, with the comma and the indentation before it. */
const PER_VALUE = 64;

/** A code point takes at most two escapes, such as `\ud83d\ude00`. */
const PER_CHARACTER = 12;

/** Larger bounds are of no use. */
const MAX_SIZE = 2 ** 30;

/** Keywords that may allow more than the others of their schema. */
const OPEN = [
  "patternProperties",
  "additionalProperties",
  "unevaluatedProperties",
  "dependentSchemas",
  "if",
  "prefixItems",
  "additionalItems",
  "unevaluatedItems",
];

/**
 * An upper bound of the bytes of a value as JSON, where its schema bounds it; objects have no other than their properties.
 * Undefined where it does not.
 * @param resolve looks up a named type
 */
export function maxJsonSize(
  schema: SchemaOrBoolean,
  resolve: (name: string) => JsonSchema | undefined,
): number | undefined {
  const size = sizeOf(schema, { resolve, within: [] });
  return size > MAX_SIZE ? undefined : size + SLACK;
}

interface Walk {
  readonly resolve: (name: string) => JsonSchema | undefined;
  /** The named types around the schema. */
  readonly within: readonly string[];
}

/** Infinity where the schema does not bound it. */
function sizeOf(schema: SchemaOrBoolean, walk: Walk): number {
  if (typeof schema === "boolean") return schema ? Number.POSITIVE_INFINITY : 0;
  const name = refName(schema);
  if (name !== undefined) {
    const isAlone = Object.keys(withoutNotes(schema)).length === 1;
    const target = isAlone && !walk.within.includes(name) ? walk.resolve(name) : undefined;
    return target === undefined
      ? Number.POSITIVE_INFINITY
      : sizeOf(target, { ...walk, within: [...walk.within, name] });
  }
  if ("const" in schema) return textSize(schema["const"]);
  const choices = schema["enum"];
  if (Array.isArray(choices)) return Math.max(0, ...choices.map(textSize));
  // An object may have the properties of all of these together.
  const parts = ["allOf", "anyOf", "oneOf"].flatMap((keyword) => (schema[keyword] ?? []) as readonly SchemaOrBoolean[]);
  const sizes = parts.map((part) => sizeOf(part, walk));
  if (schema["type"] !== undefined) sizes.push(ownSize(schema, walk));
  return sizes.length === 0 ? Number.POSITIVE_INFINITY : sizes.reduce((sum, size) => sum + size, 0);
}

function ownSize(schema: JsonSchema, walk: Walk): number {
  const types = [schema["type"]].flat();
  return Math.max(...types.map((type) => sizeOfType(type, schema, walk)));
}

function sizeOfType(type: unknown, schema: JsonSchema, walk: Walk): number {
  switch (type) {
    case "null":
    case "boolean":
    case "number":
    case "integer":
      return PER_VALUE;
    case "string":
      return times(schema["maxLength"], PER_CHARACTER) + PER_VALUE;
    case "array":
      return OPEN.some((keyword) => keyword in schema) || Array.isArray(schema["items"])
        ? Number.POSITIVE_INFINITY
        : times(schema["maxItems"], sizeOf((schema["items"] ?? true) as SchemaOrBoolean, walk) + PER_VALUE) + PER_VALUE;
    case "object":
      return objectSize(schema, walk);
    default:
      return Number.POSITIVE_INFINITY;
  }
}

function objectSize(schema: JsonSchema, walk: Walk): number {
  if (OPEN.some((keyword) => keyword in schema && schema[keyword] !== false)) return Number.POSITIVE_INFINITY;
  // Without the keyword, any properties are valid.
  if (schema["properties"] === undefined) return Number.POSITIVE_INFINITY;
  const properties = Object.entries(schema["properties"] as Record<string, SchemaOrBoolean>);
  const sizes = properties.map(([name, value]) => textSize(name) + sizeOf(value, walk) + PER_VALUE);
  return sizes.reduce((sum, size) => sum + size, PER_VALUE);
}

function textSize(value: unknown): number {
  return JSON.stringify(value).length * PER_CHARACTER + PER_VALUE;
}

function times(count: unknown, size: number): number {
  if (count === 0) return 0;
  return typeof count === "number" ? count * size : Number.POSITIVE_INFINITY;
}
