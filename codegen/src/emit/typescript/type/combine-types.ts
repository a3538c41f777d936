import { atom, type TypeText } from "./layout.js";

/** Any value. */
export const UNKNOWN: TypeText = atom("unknown");
/** No value. */
export const NEVER: TypeText = atom("never");
/** An absent property. */
export const UNDEFINED: TypeText = atom("undefined");

/** Whether a type says nothing about its values. */
export function isUnknown(type: TypeText): boolean {
  return type.kind === "atom" && type.text === "unknown";
}

function isNever(type: TypeText): boolean {
  return type.kind === "atom" && type.text === "never";
}

/** A union of the distinct types among `items`. */
export function union(items: readonly TypeText[]): TypeText {
  const [only = NEVER] = items;
  if (items.length < 2) return only;
  const parts = distinct(items.flatMap((item) => (item.kind === "union" ? item.items : [item])));
  if (parts.some(isUnknown)) return UNKNOWN;
  const wide = new Set(parts.map((part) => (part.kind === "atom" ? part.text : "")));
  const possible = parts.filter((part) => !isNever(part) && !(isLiteral(part) && wide.has(kindOf(part) ?? "")));
  return possible.length > 1 ? { kind: "union", items: possible } : (possible[0] ?? NEVER);
}

/** An intersection of the distinct types among `items`; names come first, and objects without common members become one. */
export function intersection(items: readonly TypeText[]): TypeText {
  const [only = UNKNOWN] = items;
  if (items.length < 2) return only;
  const flat = items.flatMap((item) => (item.kind === "intersection" ? item.items : [item]));
  if (flat.some(isNever)) return NEVER;
  const parts = distinct(flat.filter((part) => !isUnknown(part) && !isEmptyObject(part)));
  if (parts.length === 0) return flat.find(isEmptyObject) ?? UNKNOWN;
  if (new Set(parts.map(kindOf).filter((kind) => kind !== undefined)).size > 1) return NEVER;
  const objects = parts.filter((part) => part.kind === "object");
  const others = parts.filter((part) => part.kind !== "object");
  const sorted = [...others, ...merged(objects)];
  return sorted.length > 1 ? { kind: "intersection", items: sorted } : (sorted[0] ?? UNKNOWN);
}

/** The type of JSON values that a type is about; undefined for names, unions and intersections. */
function kindOf(type: TypeText): string | undefined {
  if (type.kind === "array" || type.kind === "tuple") return "array";
  if (type.kind !== "atom") return type.kind === "object" ? "object" : undefined;
  if (/^"(?:[^"\\]|\\.)*"$|^'(?:[^'\\]|\\.)*'$|^`[^`]*`$/.test(type.text)) return "string";
  if (/^-?\d/.test(type.text)) return "number";
  if (type.text === "true" || type.text === "false") return "boolean";
  return ["string", "number", "boolean", "null"].includes(type.text) ? type.text : undefined;
}

function isLiteral(type: TypeText): boolean {
  return type.kind === "atom" && kindOf(type) !== type.text && kindOf(type) !== undefined;
}

function merged(objects: readonly (TypeText & { kind: "object" })[]): readonly TypeText[] {
  const members = objects.flatMap((object) => object.members);
  const names = new Set(members.map(({ head }) => head.replace(/^readonly /, "").replace(/\?$/, "")));
  const keyed = members.some(({ head }) => head.startsWith("["));
  return objects.length > 1 && names.size === members.length && !keyed ? [{ kind: "object", members }] : objects;
}

function isEmptyObject(type: TypeText): boolean {
  return (
    type.kind === "object" && type.members.every(({ head, type: value }) => head.startsWith("[") && isNever(value))
  );
}

function distinct(items: readonly TypeText[]): readonly TypeText[] {
  if (items.length < 2) return items;
  const texts = new Set<string>();
  return items.filter((item) => {
    if (item.kind !== "atom" && items.every((other) => other === item || other.kind !== item.kind)) return true;
    const text = item.kind === "atom" ? item.text : JSON.stringify(item);
    return !texts.has(text) && texts.add(text);
  });
}
