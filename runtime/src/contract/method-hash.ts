import { createHash } from "node:crypto";
import type { Contract, JsonSchema, MethodContract, ResourceContract } from "./contract.js";
import { keywordValue } from "./schema-keywords.js";

/** Hexadecimal digits of a method's hash: half of SHA-256. */
const DIGITS = 32;

/**
 * The hash of each method, by id: over everything that its calls depend on, so not over descriptions, names of types, scope and timeout.
 * Methods with equal hashes accept and return the same values. PROTOCOL.md specifies it.
 * @param resources those of the contract, or its callbacks
 */
export function methodHashes(
  { types }: Pick<Contract, "types">,
  resources: Readonly<Record<string, ResourceContract>>,
): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  for (const { path, methods } of Object.values(resources)) {
    for (const [verb, method] of Object.entries(methods)) {
      const text = methodText(`${verb} ${path}`, method, types);
      hashes.set(`${verb} ${path}`, createHash("sha256").update(text).digest("hex").slice(0, DIGITS));
    }
  }
  return hashes;
}

/** What the hash of a method covers, as canonical JSON: sorted keys, no spaces. */
function methodText(id: string, method: MethodContract, types: Contract["types"]): string {
  const { errors = {}, idempotent, kind, request, requestStream, response, responseStream } = method;
  const names: string[] = [];
  const textOf = (schema: unknown): string => schemaText(schema, names);
  const fields = object({
    errors: object(mapValues(errors, textOf)),
    id: JSON.stringify(id),
    idempotent: String(idempotent),
    kind: JSON.stringify(kind),
    request: textOf(request),
    ...(requestStream !== undefined && { requestStream: textOf(requestStream) }),
    ...(response !== undefined && { response: textOf(response) }),
    ...(responseStream !== undefined && { responseStream: textOf(responseStream) }),
  });
  const definitions: string[] = [];
  // The text of a type may refer to further ones.
  for (const name of names) definitions.push(textOf(types[name] ?? true));
  return `{"method":${fields},"types":[${definitions.join(",")}]}`;
}

/** @param names the named types in the order of their first reference: a reference is the index in it */
function schemaText(schema: unknown, names: string[]): string {
  if (!isSchema(schema)) return JSON.stringify(schema);
  const fields: Record<string, string> = {};
  for (const [keyword, value] of Object.entries(schema).sort(byKey)) {
    const text = keywordText(keyword, value, names);
    if (text !== undefined) fields[keyword] = text;
  }
  return object(fields);
}

const REF = "#/types/";

/** The lists whose order has no meaning. */
const SETS: readonly string[] = ["required", "enum", "type"];

function keywordText(keyword: string, value: unknown, names: string[]): string | undefined {
  const textOf = (schema: unknown): string => schemaText(schema, names);
  if (keyword === "$ref" && typeof value === "string" && value.startsWith(REF)) return String(indexOf(value, names));
  switch (keywordValue(keyword)) {
    case "note":
      return undefined;
    case "schema":
    case "list":
    case "schema-or-list":
      return Array.isArray(value) ? `[${value.map(textOf).join(",")}]` : textOf(value);
    case "map":
      return isSchema(value) ? object(mapValues(value, textOf)) : jsonText(value);
    default:
      return SETS.includes(keyword) && Array.isArray(value)
        ? `[${value.map(jsonText).sort().join(",")}]`
        : jsonText(value);
  }
}

function indexOf(reference: string, names: string[]): number {
  const name = reference.slice(REF.length);
  const known = names.indexOf(name);
  return known >= 0 ? known : names.push(name) - 1;
}

/** JSON with sorted keys. */
function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  return typeof value === "object" && value !== null ? object(mapValues(value, jsonText)) : JSON.stringify(value);
}

function object(fields: Readonly<Record<string, string>>): string {
  const entries = Object.entries(fields).sort(byKey);
  return `{${entries.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

/** Values are visited in the order of their keys: the numbers of types depend on it. */
function mapValues(map: object, change: (value: unknown) => string): Record<string, string> {
  const entries = Object.entries(map).sort(byKey);
  return Object.fromEntries(entries.map(([key, value]) => [key, change(value)]));
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
