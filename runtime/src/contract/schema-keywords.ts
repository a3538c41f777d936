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

/**
 * The keywords that a schema can have: those of JSON Schema 2019-09, `prefixItems` and `dependencies` of other drafts, which the
 * model converts, and annotations that OpenAPI and editors define. Keywords that begin with `x-` are notes, too.
 */
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
  $defs: "map",
  definitions: "map",
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
  dependencies: "value",
  nullable: "value",
  title: "note",
  description: "note",
  deprecated: "note",
  reserved: "note",
  default: "note",
  examples: "note",
  readOnly: "note",
  writeOnly: "note",
  contentEncoding: "note",
  contentMediaType: "note",
  $comment: "note",
  contentSchema: "note",
  // OpenAPI 3.0: a discriminator does not change what is valid.
  discriminator: "note",
  example: "note",
  externalDocs: "note",
  xml: "note",
  // Editors, such as VS Code.
  allowComments: "note",
  allowTrailingCommas: "note",
  defaultSnippets: "note",
  deprecationMessage: "note",
  doNotSuggest: "note",
  enumDescriptions: "note",
  errorMessage: "note",
  markdownDescription: "note",
  markdownEnumDescriptions: "note",
  patternErrorMessage: "note",
  suggestSortText: "note",
};

/** What `keyword` holds; undefined for an unknown keyword. */
export function keywordValue(keyword: string): KeywordValue | undefined {
  if (keyword.startsWith("x-")) return "note";
  return Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
}
