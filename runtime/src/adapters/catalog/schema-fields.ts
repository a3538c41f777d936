import type { Contract, JsonSchema } from "../../contract/contract.js";

type Types = Contract["types"];

/** What JSON has. */
export type JsonType = "string" | "number" | "boolean" | "null" | "object" | "array";

/** One field of a request, as its schema says it. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

/** The fields of an object's schema, those of what it is composed of included, in their order. */
export function fieldsOf(schema: JsonSchema, types: Types): readonly Field[] {
  const fields = new Map<string, Field>();
  for (const { properties, required } of partsOf(schema, types)) {
    const needed = Array.isArray(required) ? required : [];
    for (const [name, property] of Object.entries(isSchema(properties) ? properties : {})) {
      if (!fields.has(name) && isSchema(property)) {
        fields.set(name, { name, required: needed.includes(name), schema: property });
      }
    }
  }
  return [...fields.values()];
}

/** The types that a schema lets a value have; undefined where it lets it have any. */
export function typesOf(schema: JsonSchema, types: Types): ReadonlySet<JsonType> | undefined {
  const found = new Set<JsonType>();
  for (const part of partsOf(schema, types)) {
    for (const type of [part["type"]].flat()) if (typeof type === "string") found.add(jsonType(type));
    for (const value of Array.isArray(part["enum"]) ? part["enum"] : []) found.add(typeOf(value));
    if ("const" in part) found.add(typeOf(part["const"]));
  }
  return found.size === 0 ? undefined : found;
}

/** The values that a schema lists, such as those of an enumeration; none where it lists none. */
export function valuesOf(schema: JsonSchema, types: Types): readonly unknown[] {
  return partsOf(schema, types).flatMap((part) => [
    ...(Array.isArray(part["enum"]) ? part["enum"] : []),
    ...("const" in part ? [part["const"]] : []),
    ...(part["type"] === "boolean" ? [true, false] : []),
  ]);
}

/** The schema and all that it is composed of, each once: references may lead round in a circle. */
function partsOf(schema: JsonSchema, types: Types, seen = new Set<JsonSchema>()): readonly JsonSchema[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const reference = typeof schema["$ref"] === "string" ? types[schema["$ref"].replace(/^#\/types\//, "")] : undefined;
  const inner = [reference, schema["allOf"], schema["anyOf"], schema["oneOf"]].flat().filter(isSchema);
  return [schema, ...inner.flatMap((part) => partsOf(part, types, seen))];
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function jsonType(type: string): JsonType {
  return type === "integer" ? "number" : (type as JsonType);
}

function typeOf(value: unknown): JsonType {
  return value === null ? "null" : Array.isArray(value) ? "array" : (typeof value as JsonType);
}
