/** What a keyword's value consists of, for walking schemas. */
type KeywordValue =
  /** A schema. */
  | "schema"
  /** An array of schemas. */
  | "list"
  /** A schema or an array of schemas. */
  | "schema-or-list"
  /** Schemas by name. */
  | "map"
  /** Plain JSON that affects validation. */
  | "value"
  /** An annotation: plain JSON without effect on validation. */
  | "note";

/** The keywords of JSON Schema 2019-09 that a contract can have. Keywords that begin with `x-` are notes, too. */
const KEYWORDS: Readonly<Record<string, KeywordValue>> = {
  allOf: "list",
  anyOf: "list",
  oneOf: "list",
  not: "schema",
  if: "schema",
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema; nothing awaits this table
  then: "schema",
  else: "schema",
  items: "schema-or-list",
  prefixItems: "list",
  additionalItems: "schema",
  unevaluatedItems: "schema",
  contains: "schema",
  properties: "map",
  patternProperties: "map",
  dependentSchemas: "map",
  additionalProperties: "schema",
  unevaluatedProperties: "schema",
  propertyNames: "schema",
  $ref: "value",
  type: "value",
  const: "value",
  enum: "value",
  multipleOf: "value",
  maximum: "value",
  exclusiveMaximum: "value",
  minimum: "value",
  exclusiveMinimum: "value",
  maxLength: "value",
  minLength: "value",
  pattern: "value",
  format: "value",
  maxItems: "value",
  minItems: "value",
  uniqueItems: "value",
  maxContains: "value",
  minContains: "value",
  maxProperties: "value",
  minProperties: "value",
  required: "value",
  dependentRequired: "value",
  title: "note",
  description: "note",
  deprecated: "note",
  default: "note",
  examples: "note",
  readOnly: "note",
  writeOnly: "note",
  contentEncoding: "note",
  contentMediaType: "note",
  $comment: "note",
};

/** What `keyword` holds; undefined for an unknown keyword. */
export function keywordValue(keyword: string): KeywordValue | undefined {
  if (keyword.startsWith("x-")) return "note";
  return Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
}
