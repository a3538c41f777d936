import type { JsonSchema } from "sshrpc/contract";
import { tagOf, typesOf } from "../../emit/shape/union-cases.js";
import { canonicalJson } from "../../model/schema/json-value.js";
import { refName, type SchemaOrBoolean, withoutNotes } from "../../model/schema/schema-walk.js";
import type { RuleId } from "../rules/rules.js";
import type { Types } from "../subset/alternative.js";
import type { Entry, Found } from "./found.js";

/** The alternatives of a schema, as schemas: the members of a union, the values of an enum, the types of a list. */
export function choicesOf(schema: SchemaOrBoolean, types: Types): readonly SchemaOrBoolean[] {
  if (typeof schema === "boolean") return [schema];
  const name = refName(schema);
  const target = name === undefined ? undefined : types.get(name);
  // A type with a name that is a union: its members are compared, not the name.
  if (target !== undefined && isUnion(target)) return choicesOf(target, types);
  const union = schema["anyOf"] ?? schema["oneOf"];
  const bare = withoutNotes(schema);
  if (Array.isArray(union) && Object.keys(bare).length === 1) {
    return union.flatMap((member: SchemaOrBoolean) => (isUnion(member) ? choicesOf(member, types) : [member]));
  }
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value: unknown) => ({ const: value }));
  if ("const" in schema) return [{ const: schema["const"] }];
  if (schema["type"] === "boolean" && Object.keys(bare).length === 1) return [{ const: true }, { const: false }];
  return Array.isArray(schema["type"])
    ? schema["type"].map((type: unknown) => (type === "null" ? { type } : { ...schema, type }))
    : [schema];
}

function isUnion(schema: SchemaOrBoolean): boolean {
  if (typeof schema === "boolean") return false;
  const bare = Object.keys(withoutNotes(schema));
  return (bare.length === 1 && (bare[0] === "anyOf" || bare[0] === "oneOf")) || "enum" in schema || "const" in schema;
}

interface UnionsOf {
  readonly choices: readonly [readonly SchemaOrBoolean[], readonly SchemaOrBoolean[]];
  readonly types: readonly [Types, Types];
  readonly areSame: (old: SchemaOrBoolean, next: SchemaOrBoolean) => boolean;
  readonly visit: (old: SchemaOrBoolean, next: SchemaOrBoolean) => readonly Entry[];
}

/** The differences of two unions: members are paired that are equal, have one name, one tag, or alone one JSON type. */
export function compareUnions({ choices: [old, next], types, areSame, visit }: UnionsOf): readonly Entry[] {
  const tags = [tagNameOf(old, types[0]), tagNameOf(next, types[1])];
  if (tags[0] !== undefined && tags[1] !== undefined && tags[0] !== tags[1]) {
    return [{ rule: "discriminator-changed", keys: [], old: tags[0], new: tags[1], place: {} }];
  }
  const values = [valuesOf(old), valuesOf(next)] as const;
  const isIn = (one: SchemaOrBoolean, known: ReadonlySet<string>): boolean =>
    isConstant(one) && known.has(canonicalJson(one["const"]));
  const before = new Set(old.filter((one) => !isIn(one, values[1])));
  const after = new Set(next.filter((one) => !isIn(one, values[0])));
  const pairs: (readonly [SchemaOrBoolean, SchemaOrBoolean])[] = [];
  const pair = (matches: (one: SchemaOrBoolean, other: SchemaOrBoolean) => boolean): void => {
    for (const one of before) {
      if (isConstant(one)) continue;
      const other = [...after].find((candidate) => !isConstant(candidate) && matches(one, candidate));
      if (other === undefined) continue;
      before.delete(one);
      after.delete(other);
      pairs.push([one, other]);
    }
  };
  pair(areSame);
  pair((one, other) => refName(one) !== undefined && refName(one) === refName(other));
  const [tag] = tags;
  if (tag !== undefined && tag === tags[1]) {
    pair((one, other) => tagValueOf(one, tag, types[0]) === tagValueOf(other, tag, types[1]));
  }
  const narrowed = valuesOfType(before, after, types);
  if (narrowed !== undefined) return narrowed;
  const single = (side: ReadonlySet<SchemaOrBoolean>, type: string, of: Types): boolean =>
    [...side].filter((one) => typeOf(one, of) === type).length === 1;
  pair((one, other) => {
    const type = typeOf(one, types[0]);
    if (type === undefined || type !== typeOf(other, types[1])) return false;
    // Members of tags are removed and added, not changed.
    if (tag !== undefined && type === "object") return false;
    return single(before, type, types[0]) && single(after, type, types[1]);
  });
  return [
    ...pairs.flatMap(([one, other]) => visit(one, other)),
    ...[...before].map((one): Found => member("removed", one)),
    ...[...after].map((one): Found => member("added", one)),
  ];
}

function member(what: "added" | "removed", schema: SchemaOrBoolean): Found {
  const isNull = typeof schema === "object" && (schema["type"] === "null" || schema["const"] === null);
  const rule: RuleId = isNull ? `null-${what}` : isConstant(schema) ? `enum-value-${what}` : `union-member-${what}`;
  const shown = isConstant(schema) ? (schema as JsonSchema)["const"] : withoutNotes(schema);
  return { rule, keys: [], ...(what === "added" ? { new: shown } : { old: shown }), place: {} };
}

/** A type in place of some of its values, or the reverse. */
function valuesOfType(
  before: ReadonlySet<SchemaOrBoolean>,
  after: ReadonlySet<SchemaOrBoolean>,
  types: readonly [Types, Types],
): readonly Found[] | undefined {
  const isWhole = (side: ReadonlySet<SchemaOrBoolean>, others: ReadonlySet<SchemaOrBoolean>, of: Types): boolean => {
    const [only, ...more] = side;
    if (only === undefined || more.length > 0 || isConstant(only) || others.size === 0) return false;
    return [...others].every((one) => isConstant(one) && typeOf(one, new Map()) === typeOf(only, of));
  };
  const rule: RuleId | undefined = isWhole(before, after, types[0])
    ? "type-narrowed"
    : isWhole(after, before, types[1])
      ? "type-widened"
      : undefined;
  if (rule === undefined) return undefined;
  const shown = (side: ReadonlySet<SchemaOrBoolean>) => [...side].map((one) => (isConstant(one) ? one["const"] : one));
  return [{ rule, keys: [], old: shown(before), new: shown(after), place: {} }];
}

function isConstant(schema: SchemaOrBoolean): schema is JsonSchema {
  return typeof schema === "object" && "const" in schema;
}

/** The values of the constants among the members. */
function valuesOf(members: readonly SchemaOrBoolean[]): ReadonlySet<string> {
  return new Set(members.filter(isConstant).map((one) => canonicalJson(one["const"])));
}

/** The one JSON type of a schema. */
function typeOf(schema: SchemaOrBoolean, types: Types): string | undefined {
  const found = typesOf(schema, types as ReadonlyMap<string, JsonSchema>);
  return found?.size === 1 ? [...found][0] : undefined;
}

function tagNameOf(members: readonly SchemaOrBoolean[], types: Types): string | undefined {
  const objects = members.filter((one) => typeOf(one, types) === "object");
  if (objects.length < 2) return undefined;
  const branches = objects.map((schema) => ({ schema, rewritten: schema }));
  return tagOf(branches, types as ReadonlyMap<string, JsonSchema>)?.name;
}

function tagValueOf(schema: SchemaOrBoolean, tag: string, types: Types): string | undefined {
  const found = tagOf([{ schema, rewritten: schema }], types as ReadonlyMap<string, JsonSchema>);
  return found?.name === tag ? canonicalJson(found.cases) : undefined;
}
