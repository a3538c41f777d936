import type { JsonSchema } from "sshrpc/contract";
import { isSchemaObject, refName, type SchemaOrBoolean } from "../../model/schema-walk.js";
import { atom, type Member, type TypeText } from "./layout.js";
import { propertyName, typeLiteral } from "./literal.js";

/** Returns the local name of a named type in the current file. */
export type SpellName = (name: string) => string;

const KEYWORD_TYPES: Readonly<Record<string, string>> = {
  string: "string",
  number: "number",
  integer: "number",
  boolean: "boolean",
  null: "null",
};

/** The TypeScript type of the values that `schema` accepts. Validators check the keywords that types cannot express. */
export function typeText(schema: SchemaOrBoolean, spell: SpellName): TypeText {
  if (typeof schema === "boolean") return atom(schema ? "unknown" : "never");
  const name = refName(schema);
  if (name !== undefined) return atom(spell(name));
  if ("const" in schema) return atom(typeLiteral(schema["const"]) ?? "unknown");
  const values = schema["enum"];
  if (Array.isArray(values)) return union(values.map((value) => atom(typeLiteral(value) ?? "unknown")));
  const branches = schema["anyOf"] ?? schema["oneOf"];
  const parts = [
    ...ownType(schema, spell),
    ...(Array.isArray(branches) ? [union(branches.map((branch) => typeText(branch, spell)))] : []),
    ...(Array.isArray(schema["allOf"]) ? schema["allOf"].map((part) => typeText(part, spell)) : []),
  ];
  if (parts.length === 0 && isEmptySchema(schema["not"])) return atom("never");
  return intersection(parts);
}

/** The members of an object type: its properties, or one index signature. */
function membersOf(schema: JsonSchema, spell: SpellName): readonly Member[] {
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, SchemaOrBoolean>);
  const required = new Set((schema["required"] ?? []) as readonly string[]);
  const members = properties.map(([name, property]): Member => {
    const type = typeText(property, spell);
    const head = propertyName(name);
    return required.has(name)
      ? { comment: commentOf(property), head, type }
      : { comment: commentOf(property), head: `${head}?`, type: union([type, atom("undefined")]) };
  });
  if (members.length === 0) return [{ comment: "", head: "[key: string]", type: keyedType(schema, spell) }];
  // An index signature must also fit the named properties, so its type is unknown.
  const more = schema["additionalProperties"] ?? false;
  return more === false ? members : [...members, { comment: "", head: "[key: string]", type: atom("unknown") }];
}

/** The text of the comment for a schema; empty for none. */
export function commentOf(schema: SchemaOrBoolean): string {
  if (typeof schema === "boolean") return "";
  const { description, title, deprecated } = schema;
  const text = [description, title].find((one) => typeof one === "string" && one !== "") ?? "";
  return deprecated === true && !/@deprecated\b/.test(String(text)) ? `${text}\n\n@deprecated`.trim() : String(text);
}

/** A union of the distinct types among `items`. */
function union(items: readonly TypeText[]): TypeText {
  const parts = distinct(items.flatMap((item) => (item.kind === "union" ? item.items : [item])));
  if (parts.some((part) => part.kind === "atom" && part.text === "unknown")) return atom("unknown");
  const possible = parts.filter((part) => part.kind !== "atom" || part.text !== "never");
  return possible.length > 1 ? { kind: "union", items: possible } : (possible[0] ?? atom("never"));
}

function intersection(items: readonly TypeText[]): TypeText {
  const flat = items.flatMap((item) => (item.kind === "intersection" ? item.items : [item]));
  const parts = distinct(
    flat.filter((part) => (part.kind !== "atom" || part.text !== "unknown") && !isEmptyObject(part)),
  );
  if (parts.length === 0) return flat.find(isEmptyObject) ?? atom("unknown");
  const objects = parts.filter((part) => part.kind === "object");
  const others = parts.filter((part) => part.kind !== "object");
  const sorted = [...others, ...merged(objects)];
  return sorted.length > 1 ? { kind: "intersection", items: sorted } : (sorted[0] ?? atom("unknown"));
}

/** Merges object types without common members into one. */
function merged(objects: readonly (TypeText & { kind: "object" })[]): readonly TypeText[] {
  const members = objects.flatMap((object) => object.members);
  const names = new Set(members.map(({ head }) => head.replace(/\?$/, "")));
  const keyed = members.some(({ head }) => head.startsWith("["));
  return objects.length > 1 && names.size === members.length && !keyed ? [{ kind: "object", members }] : objects;
}

/** The types for the `type` keyword of the schema; empty if it has none. */
function ownType(schema: JsonSchema, spell: SpellName): readonly TypeText[] {
  const types = [schema["type"] ?? impliedType(schema)].flat().filter((type) => typeof type === "string");
  if (types.length === 0) return [];
  return [
    union(
      types.map((type) => {
        if (type === "object") return { kind: "object", members: membersOf(schema, spell) };
        if (type === "array") return arrayType(schema, spell);
        return atom(KEYWORD_TYPES[type] ?? "unknown");
      }),
    ),
  ];
}

function impliedType(schema: JsonSchema): string | undefined {
  return schema["properties"] !== undefined ? "object" : schema["items"] !== undefined ? "array" : undefined;
}

function arrayType(schema: JsonSchema, spell: SpellName): TypeText {
  const { items, additionalItems, minItems } = schema;
  if (!Array.isArray(items)) {
    return { kind: "array", item: items === undefined ? atom("unknown") : typeText(items as SchemaOrBoolean, spell) };
  }
  const least = typeof minItems === "number" ? minItems : 0;
  const parts = items.map((item: SchemaOrBoolean, index) => {
    const type = typeText(item, spell);
    return index < least ? type : optionalItem(type);
  });
  const rest = additionalItems === false ? undefined : typeText((additionalItems ?? true) as SchemaOrBoolean, spell);
  return { kind: "tuple", items: parts, rest };
}

function optionalItem(type: TypeText): TypeText {
  return type.kind === "atom" ? atom(`${type.text}?`) : union([type, atom("undefined")]);
}

/** The type of an index signature: the values of a record; `never` or `unknown` for an object without properties. */
function keyedType(schema: JsonSchema, spell: SpellName): TypeText {
  const { additionalProperties, patternProperties, properties } = schema;
  const values = Object.values((patternProperties ?? {}) as Record<string, SchemaOrBoolean>);
  if (isSchemaObject(additionalProperties)) values.push(additionalProperties);
  if (values.length > 0) return union(values.map((value) => typeText(value, spell)));
  const closed = additionalProperties === false || (additionalProperties === undefined && properties !== undefined);
  return atom(closed ? "never" : "unknown");
}

function isEmptyObject(type: TypeText): boolean {
  return (
    type.kind === "object" && type.members.every(({ head, type: value }) => head.startsWith("[") && isNever(value))
  );
}

function isNever(type: TypeText): boolean {
  return type.kind === "atom" && type.text === "never";
}

function isEmptySchema(schema: unknown): boolean {
  return isSchemaObject(schema) && Object.keys(schema).length === 0;
}

function distinct(items: readonly TypeText[]): readonly TypeText[] {
  const texts = new Set<string>();
  return items.filter((item) => {
    const text = JSON.stringify(item);
    return !texts.has(text) && texts.add(text);
  });
}
