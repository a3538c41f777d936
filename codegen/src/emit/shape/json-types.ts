import type { JsonSchema } from "sshrpc/contract";

/** The types of JSON values. An integer is a number. */
export type JsonType = "object" | "array" | "string" | "number" | "boolean" | "null";

/** Every type: what a schema without `type` accepts. */
export const ALL_TYPES: readonly JsonType[] = ["object", "array", "string", "number", "boolean", "null"];

/** The types that the `type` of a schema allows, in its order. */
export function declaredTypes({ type }: JsonSchema): readonly JsonType[] {
  if (type === undefined) return ALL_TYPES;
  const types = [type].flat().map((one) => (one === "integer" ? "number" : (one as JsonType)));
  return [...new Set(types)];
}

/** The type of a JSON value. */
export function jsonTypeOf(value: unknown): JsonType {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : (typeof value as JsonType);
}
