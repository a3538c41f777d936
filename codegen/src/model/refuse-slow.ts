import type { JsonSchema } from "sshrpc/contract";
import { isSchemaObject } from "./schema-walk.js";

/** Values whose equals are found by a look-up; all others are compared one by one. */
const SCALARS = new Set(["string", "number", "integer", "boolean", "null"]);

/**
 * Why the check of a schema could take a time that grows with the square of what a caller sends: nobody else is served
 * meanwhile. Undefined where it cannot, as far as keywords tell: what a `pattern` costs, they do not.
 */
export function refuseSlow({ format, uniqueItems, items, maxItems, additionalItems }: JsonSchema): string | undefined {
  if (format === "url") {
    return '"url" is checked by a pattern that keeps a server busy for as long as its caller likes; use "uri"';
  }
  if (uniqueItems !== true || maxItems !== undefined) return undefined;
  if (Array.isArray(items) ? additionalItems === false : isScalar(items)) return undefined;
  return '"uniqueItems" compares each of these items with every other one; give "maxItems" beside it';
}

function isScalar(schema: unknown): boolean {
  const types = isSchemaObject(schema) ? [schema["type"] ?? []].flat() : [];
  return types.length > 0 && types.every((type) => SCALARS.has(String(type)));
}
