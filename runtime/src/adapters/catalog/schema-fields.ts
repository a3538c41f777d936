import { isSchema } from "../../contract/constraints.js";
import type { Contract, JsonSchema } from "../../contract/contract.js";

type Types = Contract["types"];

/** The types of JSON values. */
export type JsonType = "string" | "number" | "boolean" | "null" | "object" | "array";

/** One field of a request schema. */
interface SchemaField {
  readonly name: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

/** The fields of an object schema in order, including those of the schemas that it is composed of. */
export function schemaFields(schema: JsonSchema, types: Types): readonly SchemaField[] {
  const fields = new Map<string, SchemaField>();
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

/** The members of a union, or of the named type that is one; undefined where the schema is none. */
export function unionMembers(schema: JsonSchema, types: Types): readonly JsonSchema[] | undefined {
  const { $ref } = schema;
  const target = typeof $ref === "string" ? (types[$ref.replace(/^#\/types\//, "")] ?? {}) : schema;
  const members = target["anyOf"] ?? target["oneOf"];
  return Array.isArray(members) && !("properties" in target) ? members.filter(isSchema) : undefined;
}

/** The types that a schema accepts; undefined where it accepts any. */
export function schemaTypes(schema: JsonSchema, types: Types): ReadonlySet<JsonType> | undefined {
  const found = new Set<JsonType>();
  for (const part of partsOf(schema, types)) {
    for (const type of [part["type"]].flat()) if (typeof type === "string") found.add(jsonType(type));
    for (const value of Array.isArray(part["enum"]) ? part["enum"] : []) found.add(typeOf(value));
    if ("const" in part) found.add(typeOf(part["const"]));
  }
  return found.size === 0 ? undefined : found;
}

/** The values that a schema lists, such as those of an enumeration. */
export function schemaValues(schema: JsonSchema, types: Types): readonly unknown[] {
  return partsOf(schema, types).flatMap((part) => [
    ...(Array.isArray(part["enum"]) ? part["enum"] : []),
    ...("const" in part ? [part["const"]] : []),
    ...(part["type"] === "boolean" ? [true, false] : []),
  ]);
}

/** A schema and the schemas that it is composed of, each once: references may be circular. */
function partsOf(schema: JsonSchema, types: Types, seen = new Set<JsonSchema>()): readonly JsonSchema[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const reference = typeof schema["$ref"] === "string" ? types[schema["$ref"].replace(/^#\/types\//, "")] : undefined;
  const inner = [reference, schema["allOf"], schema["anyOf"], schema["oneOf"]].flat().filter(isSchema);
  return [schema, ...inner.flatMap((part) => partsOf(part, types, seen))];
}

function jsonType(type: string): JsonType {
  return type === "integer" ? "number" : (type as JsonType);
}

function typeOf(value: unknown): JsonType {
  return value === null ? "null" : Array.isArray(value) ? "array" : (typeof value as JsonType);
}
