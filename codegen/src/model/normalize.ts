import type { JsonSchema } from "sshrpc/contract";
import type { Doc } from "./hint.js";
import { ANY_KEY } from "./schema/keywords.js";
import { readTemplate, TYPESCRIPT } from "./typebox/typescript-note.js";

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
 * Replaces what the contract has otherwise, before the schemas inside are read: `dependencies` of draft 7; `nullable` of OpenAPI 3.0,
 * which adds null to the types; and patterns of TypeBox's template literals, in which special characters are not escaped.
 */
export function modernize(schema: JsonSchema): JsonSchema {
  const { dependencies, nullable, patternProperties, ...rest } = schema;
  const template = schema["~kind"] === "TemplateLiteral" ? readTemplate(schema) : undefined;
  const keys = schema["~kind"] === "Record" ? escapedKeys(patternProperties) : patternProperties;
  if (dependencies === undefined && nullable === undefined && keys === patternProperties && template === undefined) {
    return schema;
  }
  const entries = Object.entries((dependencies ?? {}) as Readonly<Record<string, unknown>>);
  const names = entries.filter(([, value]) => Array.isArray(value));
  const schemas = entries.filter(([, value]) => !Array.isArray(value));
  return {
    ...rest,
    ...(template === undefined ? {} : { pattern: template.pattern, [TYPESCRIPT]: { type: template.type } }),
    ...(keys === undefined ? {} : { patternProperties: keys }),
    ...(nullable === true && rest["type"] !== undefined ? { type: [...new Set([rest["type"], "null"].flat())] } : {}),
    ...withEntries(rest, "dependentRequired", names),
    ...withEntries(rest, "dependentSchemas", schemas),
  };
}

function withEntries(
  schema: JsonSchema,
  keyword: string,
  entries: readonly (readonly [string, unknown])[],
): JsonSchema {
  if (entries.length === 0) return {};
  return { [keyword]: { ...(schema[keyword] as object | undefined), ...Object.fromEntries(entries) } };
}

/** The keys of a `Type.Record` by pattern, escaped; other patterns stay as they are. */
function escapedKeys(patternProperties: unknown): unknown {
  if (typeof patternProperties !== "object" || patternProperties === null) return patternProperties;
  const escaped = Object.entries(patternProperties).map(([pattern, value]): [string, unknown] => [
    pattern === ANY_KEY ? pattern : (readTemplate({ pattern })?.pattern ?? pattern),
    value,
  ]);
  const isSame = escaped.every(([pattern]) => Object.hasOwn(patternProperties, pattern));
  return isSame ? patternProperties : Object.fromEntries(escaped);
}

/**
 * Adds the description of a comment; the schema's own `description` and `deprecated` take precedence. The reason of a
 * deprecation becomes a part of the description, because `deprecated` of JSON Schema is a boolean.
 */
export function describe(schema: JsonSchema, doc: Doc): JsonSchema {
  const { description: own, deprecated: ownDeprecated, ...rest } = schema;
  const deprecated = ownDeprecated ?? doc.deprecated;
  const text = [
    own ?? doc.description,
    ...(own === undefined && doc.since !== undefined ? [`@since ${doc.since}`] : []),
    ...(typeof deprecated === "string" && deprecated !== "" ? [`@deprecated ${deprecated}`] : []),
  ].filter((part) => part !== undefined);
  return {
    ...(text.length === 0 ? {} : { description: text.join("\n\n") }),
    ...(deprecated === undefined ? {} : { deprecated: deprecated !== false }),
    ...rest,
  };
}
