import { isIdentifier } from "./naming.js";

/** A string literal, in double quotes unless single quotes need fewer escapes. */
export function stringLiteral(text: string): string {
  const double = JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
  const quotes = text.split('"').length;
  if (quotes <= text.split("'").length) return double;
  return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** The literal type of a string, number, boolean or null; undefined for any other value. */
export function typeLiteral(value: unknown): string | undefined {
  if (typeof value === "string") return stringLiteral(value);
  return value === null || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** A property's name, quoted unless it is an identifier. */
export function propertyName(name: string): string {
  return isIdentifier(name) ? name : stringLiteral(name);
}
