import type { JsonSchema } from "../contract.js";

/** The schema of an object. Properties that `required` does not name are optional. */
export function objectSchema(
  properties: Readonly<Record<string, JsonSchema>>,
  required = Object.keys(properties),
): JsonSchema {
  return { type: "object", properties, ...(required.length > 0 && { required }) };
}

/** The schema of a text. */
export function textSchema(description?: string): JsonSchema {
  return { type: "string", ...(description !== undefined && { description }) };
}

/** The schema of a number. */
export function numberSchema(description?: string): JsonSchema {
  return { type: "number", ...(description !== undefined && { description }) };
}
