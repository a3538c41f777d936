import type { JsonSchema } from "sshrpc/contract";
import { formats } from "sshrpc/generated";
import { isSchemaObject, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import { CALL, CASES, FIRST, WHEN } from "../shape/own-keywords.js";

/** Lists longer than this are left to ajv, which has loops for them. */
const MAX_LISTED = 200;

type Check = (value: never, schema: JsonSchema) => boolean;

const always: Check = () => true;

/** The keywords that {@link printPlain} prints, and which of their values. */
const KEYWORDS: Readonly<Record<string, Check>> = {
  type: always,
  const: isScalar,
  enum: (values: readonly unknown[]) => values.length <= MAX_LISTED && values.every(isScalar),
  maximum: always,
  minimum: always,
  exclusiveMaximum: always,
  exclusiveMinimum: always,
  maxLength: always,
  minLength: always,
  pattern: always,
  format: (name: string) => formatCall(name) !== undefined,
  maxItems: always,
  minItems: always,
  uniqueItems: always,
  items: isPlain,
  maxProperties: always,
  minProperties: always,
  required: (names: readonly string[]) => names.length <= MAX_LISTED && !names.some(isInherited),
  properties: (map: JsonSchema) => Object.entries(map).every(([name, sub]) => !isInherited(name) && isPlain(sub)),
  patternProperties: (map: JsonSchema) => Object.values(map).every(isPlain),
  additionalProperties: (sub: unknown) => sub === false || isPlain(sub),
  allOf: (list: readonly unknown[]) => list.every(isPlain),
  [CALL]: always,
  [FIRST]: isOrdered,
  [CASES]: (list: readonly unknown[]) => list.every(isPlain),
  [WHEN]: always,
};

/** Whether a schema, rewritten for validators, has only keywords that {@link printPlain} prints. */
export function isPlain(schema: unknown): boolean {
  if (schema === true) return true;
  return isSchemaObject(schema) && Object.entries(schema).every(([keyword, value]) => isKnown(keyword, value, schema));
}

function isKnown(keyword: string, value: unknown, schema: JsonSchema): boolean {
  return Object.hasOwn(KEYWORDS, keyword) && (KEYWORDS[keyword] as Check)(value as never, schema);
}

/** Keywords that are more than one test. */
const NOT_TESTS = ["items", "properties", "patternProperties", "additionalProperties", "allOf", "required"];

/** Keywords of arrays and objects, whose tests come after those of all types. */
const LAST_TESTS = ["maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties"];

/** Whether a schema is a list of tests in order, of which the last may be a union. */
function isOrdered(schema: SchemaOrBoolean): boolean {
  if (typeof schema === "boolean" || !isPlain(schema)) return false;
  const has = (keywords: readonly string[]): boolean => keywords.some((keyword) => keyword in schema);
  if (has(NOT_TESTS) || (has(LAST_TESTS) && has(["const", "enum", CALL, FIRST, CASES]))) return false;
  if (FIRST in schema && CASES in schema) return false;
  return ((schema[CASES] ?? []) as SchemaOrBoolean[]).every(isOrdered);
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

/** Whether objects inherit a property of this name, such as `toString`: validators must then look for own properties. */
function isInherited(name: string): boolean {
  return name in Object.prototype;
}

/** The code that calls the check of a format of strings; undefined for others. */
export function formatCall(name: string): string | undefined {
  const format = (formats as Readonly<Record<string, unknown>>)[name];
  const code = `formats[${JSON.stringify(name)}]`;
  if (typeof format === "function") return code;
  if (format instanceof RegExp) return `${code}.test`;
  if (typeof format !== "object" || format === null || !("validate" in format)) return undefined;
  const { validate, type = "string" } = format as { readonly validate: unknown; readonly type?: string };
  if (type !== "string") return undefined;
  if (typeof validate === "function") return `${code}.validate`;
  return validate instanceof RegExp ? `${code}.validate.test` : undefined;
}
