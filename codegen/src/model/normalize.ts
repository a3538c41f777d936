import type { JsonSchema } from "sshrpc/contract";

/** The pattern that TypeBox gives a record whose keys are any strings. */
export const ANY_KEY = "^.*$";

/**
 * Writes what TypeBox and newer drafts say in the contract's dialect (2019-09):
 * - a record of any keys becomes `additionalProperties`, which, unlike its pattern, also covers keys with a line break;
 * - `prefixItems` becomes the list form of `items`;
 * - `required` is sorted, and absent where it is empty.
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
