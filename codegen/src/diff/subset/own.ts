import type { JsonSchema } from "sshrpc/contract";
import { decides, names } from "../../emit/validators/variants.js";
import { canonicalJson } from "../../model/schema/json-value.js";
import type { SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import {
  type Alternative,
  ANY_ARRAY,
  ANY_NUMBER,
  ANY_OBJECT,
  ANY_STRING,
  type Arrays,
  constant,
  type Limit,
  NEVER,
  type Numbers,
  type Objects,
  type Reading,
  type Strings,
  type Term,
} from "./alternative.js";
import { merge } from "./merge.js";

const INT32 = { low: inclusive(-(2 ** 31)), high: inclusive(2 ** 31 - 1) };
const SAFE = Number.MAX_SAFE_INTEGER;
const JSON_TYPES = ["null", "boolean", "number", "string", "array", "object"];

/** The alternatives that the keywords of the schema itself allow, without those of references, unions and intersections. */
export function ownAlternatives(schema: JsonSchema, variant: Reading): readonly Alternative[] {
  const types = schema["type"] === undefined ? JSON_TYPES : [schema["type"]].flat().map(String);
  const allowed = types.flatMap((type): readonly Alternative[] => ofType(type, schema, variant));
  const lists = ["const" in schema ? [schema["const"]] : undefined, schema["enum"]].filter((list) =>
    Array.isArray(list),
  );
  const [values, others = values] = lists;
  if (values === undefined || others === undefined) return allowed;
  const known = new Set(others.map(canonicalJson));
  return values
    .filter((value: unknown) => known.has(canonicalJson(value)))
    .flatMap((value: unknown) => {
      const merged = allowed.map((one) => merge(constant(value), one)).filter((one) => one !== undefined);
      return merged.find(({ opaque }) => opaque.size === 0) ?? merged[0] ?? [];
    });
}

function ofType(type: string, schema: JsonSchema, variant: Reading): readonly Alternative[] {
  switch (type) {
    case "null":
      return [constant(null)];
    case "boolean":
      return [constant(true), constant(false)];
    case "integer":
    case "number":
      return [numbersOf(schema, type === "integer")];
    case "string":
      return [stringsOf(schema)];
    case "array":
      return [arraysOf(schema, inside(variant))];
    case "object":
      return [objectsOf(schema, variant)];
    default:
      return [];
  }
}

/** Validators limit integers without bounds to the safe ones. Formats of numbers are limits, too. */
function numbersOf(schema: JsonSchema, isInteger: boolean): Numbers {
  const integer = isInteger || schema["format"] === "int32" || schema["format"] === "int64";
  const ofFormat = schema["format"] === "int32" ? INT32 : undefined;
  const step = schema["multipleOf"];
  const isBounded = [schema["type"]].flat().includes("integer");
  const low = limits(schema, "minimum", "exclusiveMinimum");
  const high = limits(schema, "maximum", "exclusiveMaximum");
  return {
    ...ANY_NUMBER,
    integer,
    low: [...low, ...(ofFormat ? [ofFormat.low] : [])].reduce(
      tighter((a, b) => a > b),
      isBounded && low.length === 0 ? inclusive(-SAFE) : ANY_NUMBER.low,
    ),
    high: [...high, ...(ofFormat ? [ofFormat.high] : [])].reduce(
      tighter((a, b) => a < b),
      isBounded && high.length === 0 ? inclusive(SAFE) : ANY_NUMBER.high,
    ),
    steps: typeof step === "number" ? [step] : [],
  };
}

function inclusive(value: number): Limit {
  return { value, exclusive: false };
}

function limits(schema: JsonSchema, including: string, excluding: string): readonly Limit[] {
  return [including, excluding].flatMap((keyword) => {
    const value = schema[keyword];
    return typeof value === "number" ? [{ value, exclusive: keyword === excluding }] : [];
  });
}

function tighter(isTighter: (a: number, b: number) => boolean): (a: Limit, b: Limit) => Limit {
  return (a, b) => (a.value === b.value ? (a.exclusive ? a : b) : isTighter(a.value, b.value) ? a : b);
}

function stringsOf(schema: JsonSchema): Strings {
  const listOf = (value: unknown): readonly string[] => (typeof value === "string" ? [value] : []);
  return {
    ...ANY_STRING,
    min: numberOr(schema["minLength"], 0),
    max: numberOr(schema["maxLength"], Infinity),
    patterns: listOf(schema["pattern"]),
    formats: listOf(schema["format"]),
  };
}

function arraysOf(schema: JsonSchema, variant: Reading): Arrays {
  const { items, additionalItems: more } = schema;
  const list = Array.isArray(items) ? items : [];
  return {
    ...ANY_ARRAY,
    first: list.map((item: SchemaOrBoolean) => termOf(item, variant)),
    rest: termOf(Array.isArray(items) ? more : items, variant),
    min: numberOr(schema["minItems"], 0),
    max: numberOr(schema["maxItems"], Infinity),
    unique: schema["uniqueItems"] === true,
  };
}

function objectsOf(schema: JsonSchema, variant: Reading): Objects {
  const inner = inside(variant);
  const required = (schema["required"] ?? []) as readonly string[];
  const more = schema["additionalProperties"];
  const isWhole = variant === "closed" || variant === "sent";
  const isClosed = isWhole && names(schema) && !decides(schema);
  const properties = new Map(entriesOf(schema["properties"]).map(([name, sub]) => [name, termOf(sub, inner)]));
  const isDeclared = isPart(variant) || (isWhole && names(schema));
  if (isDeclared && !decides(schema)) {
    for (const name of required) if (!properties.has(name)) properties.set(name, []);
  }
  return {
    ...ANY_OBJECT,
    properties,
    required: new Set(required),
    patterns: entriesOf(schema["patternProperties"]).map(([pattern, sub]) => [pattern, termOf(sub, inner)] as const),
    rest: isClosed ? NEVER : termOf(more, inner),
    min: numberOr(schema["minProperties"], 0),
    max: numberOr(schema["maxProperties"], Infinity),
    decided: more !== undefined || isSchema(schema["unevaluatedProperties"]),
  };
}

/** The variant of schemas of properties and items. */
function inside(variant: Reading): Reading {
  if (variant === "open") return "open";
  return isSent(variant) ? "sent" : "closed";
}

/** Whether other schemas apply to the value, too. */
function isPart(variant: Reading): boolean {
  return variant === "part" || variant === "sent part";
}

/** Whether a schema is read as a server sends its values. */
export function isSent(variant: Reading): boolean {
  return variant === "sent" || variant === "sent part";
}

function termOf(schema: unknown, variant: Reading): Term {
  if (schema === undefined || schema === true) return [];
  return [{ schema: schema as SchemaOrBoolean, variant }];
}

function isSchema(value: unknown): boolean {
  return value !== undefined && value !== false;
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === "number" ? value : fallback;
}

function entriesOf(value: unknown): readonly (readonly [string, SchemaOrBoolean])[] {
  return Object.entries((value ?? {}) as Readonly<Record<string, SchemaOrBoolean>>);
}
