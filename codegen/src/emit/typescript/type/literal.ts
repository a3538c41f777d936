import { atom, type TypeText } from "./layout.js";

/** A string literal, in double quotes unless single quotes need fewer escapes. */
export function stringLiteral(text: string): string {
  const double = JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
  const quotes = text.split('"').length;
  if (quotes <= text.split("'").length) return double;
  return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** The literal type of a JSON value. */
export function literalType(value: unknown): TypeText {
  if (typeof value === "string") return atom(stringLiteral(value));
  if (typeof value !== "object" || value === null) return atom(String(value));
  if (Array.isArray(value)) {
    return { kind: "tuple", items: value.map(literalType), required: value.length, rest: undefined, readonly: false };
  }
  const members = Object.entries(value).map(([name, item]) => ({
    comment: "",
    head: propertyName(name),
    type: literalType(item),
  }));
  const none = { comment: "", head: "[key: string]", type: atom("never") };
  return { kind: "object", members: members.length === 0 ? [none] : members };
}

/** Whether TypeScript accepts `text` as an identifier. */
export function isIdentifier(text: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(text);
}

/** A property's name, quoted unless it is an identifier. */
export function propertyName(name: string): string {
  return isIdentifier(name) ? name : stringLiteral(name);
}
