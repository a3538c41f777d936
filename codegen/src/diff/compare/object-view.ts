import type { JsonSchema } from "sshrpc/contract";
import { refName, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { Types } from "../subset/alternative.js";

/** The properties of an object type, those of the members of an intersection together. */
export interface ObjectView {
  readonly properties: ReadonlyMap<string, SchemaOrBoolean>;
  readonly required: ReadonlySet<string>;
  readonly patterns: ReadonlyMap<string, SchemaOrBoolean>;
  readonly rest: SchemaOrBoolean | undefined;
  readonly reserved: ReadonlySet<string>;
}

/** Keywords that a view has, or that are compared beside it. */
const OTHER = ["anyOf", "oneOf", "enum", "const"];

/** The view of a schema; undefined if it is not an object, or not one without alternatives. */
export function objectView(
  schema: SchemaOrBoolean,
  types: Types,
  seen: ReadonlySet<string> = new Set(),
): ObjectView | undefined {
  if (typeof schema === "boolean" || OTHER.some((keyword) => keyword in schema)) return undefined;
  const name = refName(schema);
  if (name !== undefined && seen.has(name)) return undefined;
  const target = name === undefined ? [] : [types.get(name) ?? true];
  const members = [...target, ...((schema["allOf"] ?? []) as readonly SchemaOrBoolean[])];
  const inside = name === undefined ? seen : new Set(seen).add(name);
  const views = members.map((member) => objectView(member, types, inside));
  const isObject = schema["type"] === "object" || (members.length > 0 && schema["type"] === undefined);
  if (!isObject || views.includes(undefined)) return undefined;
  return [ownView(schema), ...(views as ObjectView[])].reduce(together);
}

function ownView(schema: JsonSchema): ObjectView {
  const entries = (keyword: string) => Object.entries((schema[keyword] ?? {}) as Record<string, SchemaOrBoolean>);
  return {
    properties: new Map(entries("properties")),
    required: new Set((schema["required"] ?? []) as readonly string[]),
    patterns: new Map(entries("patternProperties")),
    rest: (schema["additionalProperties"] ?? schema["unevaluatedProperties"]) as SchemaOrBoolean | undefined,
    reserved: new Set((schema["reserved"] ?? []) as readonly string[]),
  };
}

function together(a: ObjectView, b: ObjectView): ObjectView {
  return {
    properties: joined(a.properties, b.properties),
    required: new Set([...a.required, ...b.required]),
    patterns: joined(a.patterns, b.patterns),
    rest: a.rest ?? b.rest,
    reserved: new Set([...a.reserved, ...b.reserved]),
  };
}

function joined(
  a: ReadonlyMap<string, SchemaOrBoolean>,
  b: ReadonlyMap<string, SchemaOrBoolean>,
): ReadonlyMap<string, SchemaOrBoolean> {
  const all = new Map(a);
  for (const [name, schema] of b) {
    const other = all.get(name);
    all.set(name, other === undefined ? schema : bothOf(other, schema));
  }
  return all;
}

/** Pairs of schemas as one, the same each time: a comparison recognizes a type that contains itself. */
const pairs = new WeakMap<object, WeakMap<object, SchemaOrBoolean>>();

function bothOf(one: SchemaOrBoolean, other: SchemaOrBoolean): SchemaOrBoolean {
  if (typeof one === "boolean") return one ? other : one;
  if (typeof other === "boolean") return other ? one : other;
  const known = pairs.get(one) ?? new WeakMap<object, SchemaOrBoolean>();
  pairs.set(one, known);
  const both = known.get(other) ?? { allOf: [one, other] };
  known.set(other, both);
  return both;
}
