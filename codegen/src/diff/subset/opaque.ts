import { type JsonSchema, keywordValue } from "sshrpc/contract";
import { canonicalJson } from "../../model/schema/json-value.js";
import type { SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import { type Types, UNDECIDED } from "./alternative.js";

/** The keywords that proofs compare as text, and the kind of values that each constrains. */
const KEYWORDS: Readonly<Record<string, string | undefined>> = {
  not: undefined,
  if: undefined,
  contains: "array",
  propertyNames: "object",
  dependentRequired: "object",
  dependentSchemas: "object",
};

/** The keywords that belong to another one. */
const WITH: Readonly<Record<string, readonly string[]>> = {
  if: ["then", "else"],
  contains: ["minContains", "maxContains"],
};

const UNEVALUATED = { unevaluatedProperties: "object", unevaluatedItems: "array" } as const;

/** The constraints of a schema that a proof compares as texts, each with the kind of values that it constrains. */
export function opaqueConstraints(
  schema: JsonSchema,
  types: Types,
): readonly (readonly [string, string | undefined])[] {
  const found = Object.entries(KEYWORDS).flatMap(([keyword, kind]) => {
    if (!(keyword in schema)) return [];
    const content = [keyword, ...(WITH[keyword] ?? [])].map((one) => [one, schema[one]] as const);
    return [[canonicalJson([content, typesIn(content, types)]), kind] as const];
  });
  // What these apply to follows from all other keywords.
  const unevaluated = Object.entries(UNEVALUATED).flatMap(([keyword, kind]) =>
    keyword in schema && !(keyword === "unevaluatedProperties" && schema[keyword] === false)
      ? [[UNDECIDED, kind] as const]
      : [],
  );
  const unknown = Object.keys(schema).filter((keyword) => keywordValue(keyword) === undefined);
  return [
    ...found,
    ...unevaluated,
    ...unknown.map((keyword) => [canonicalJson([keyword, schema[keyword]]), undefined] as const),
  ];
}

/** The types that a part of a schema refers to, in all depths. */
function typesIn(part: unknown, types: Types): Readonly<Record<string, SchemaOrBoolean | undefined>> {
  const found = new Map<string, SchemaOrBoolean | undefined>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const name = key === "$ref" && typeof inner === "string" ? inner.replace("#/types/", "") : undefined;
      if (name === undefined) visit(inner);
      else if (!found.has(name)) visit(found.set(name, types.get(name)).get(name));
    }
  };
  visit(part);
  return Object.fromEntries(found);
}
