import type { JsonSchema } from "sshrpc/contract";
import type { Doc } from "./hint.js";

/** TypeBox's pattern for the keys of a record with arbitrary keys. */
export const ANY_KEY = "^.*$";

/**
 * Converts the JSON Schema of TypeBox and newer drafts to the draft of the contract (2019-09):
 * - a record with arbitrary keys becomes `additionalProperties`, which, unlike its pattern, also covers keys with a line break;
 * - `prefixItems` becomes the array form of `items`;
 * - `required` is sorted, and absent if it is empty.
 */
export function normalize(schema: JsonSchema): JsonSchema {
  const { patternProperties, prefixItems, required, ...rest } = schema;
  const result: Record<string, unknown> = rest;
  if (patternProperties !== undefined) {
    const patterns = Object.entries(patternProperties as Record<string, unknown>);
    const [only] = patterns;
    if (patterns.length === 1 && only?.[0] === ANY_KEY && rest["properties"] === undefined) {
      result["additionalProperties"] = only[1];
    } else {
      result["patternProperties"] = patternProperties;
    }
  }
  if (Array.isArray(prefixItems)) {
    if (rest["items"] !== undefined) result["additionalItems"] = rest["items"];
    result["items"] = prefixItems;
  }
  if (Array.isArray(required) && required.length > 0) result["required"] = [...required].sort();
  return result;
}

/**
 * Replaces keywords of other drafts, before the schemas in them are read: `dependencies` of draft 7, and `nullable` of OpenAPI 3.0,
 * which adds null to the types.
 */
export function modernize(schema: JsonSchema): JsonSchema {
  const { dependencies, nullable, ...rest } = schema;
  if (dependencies === undefined && nullable === undefined) return schema;
  const entries = Object.entries((dependencies ?? {}) as Readonly<Record<string, unknown>>);
  const names = entries.filter(([, value]) => Array.isArray(value));
  const schemas = entries.filter(([, value]) => !Array.isArray(value));
  return {
    ...rest,
    ...(nullable === true ? { type: [...new Set([rest["type"], "null"].flat())] } : {}),
    ...(names.length === 0 ? {} : { dependentRequired: { ...(rest["dependentRequired"] as object), ...Object.fromEntries(names) } }),
    ...(schemas.length === 0
      ? {}
      : { dependentSchemas: { ...(rest["dependentSchemas"] as object), ...Object.fromEntries(schemas) } }),
  };
}

/**
 * Adds the description of a comment; the schema's own `description` and `deprecated` take precedence. The reason of
 * `@deprecated` stays in the description, because `deprecated` of JSON Schema is a boolean.
 */
export function describe(schema: JsonSchema, { description, deprecated }: Doc): JsonSchema {
  const reason = typeof deprecated === "string" ? `@deprecated ${deprecated}` : undefined;
  const text = [description, reason].filter((part) => part !== undefined).join("\n\n");
  return {
    ...(text === "" ? {} : { description: text }),
    ...(deprecated === undefined ? {} : { deprecated: true }),
    ...schema,
  };
}
