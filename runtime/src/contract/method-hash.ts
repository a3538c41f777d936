import { createHash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json.js";
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
  const typeParts = memoized((name) => schemaText(types[JSON.parse(name)] ?? true).split(MARK));
  for (const { path, methods } of Object.values(resources)) {
    for (const [verb, method] of Object.entries(methods)) {
      const text = methodText(`${verb} ${path}`, method, typeParts);
      hashes.set(`${verb} ${path}`, createHash("sha256").update(text).digest("hex").slice(0, DIGITS));
    }
  }
  return hashes;
}

/** Encloses the names of types in texts. JSON contains it only escaped. */
const MARK = "\0";

/** A text as its parts: those with an odd index are the names of types, as JSON. */
type Parts = readonly string[];

/** Many methods use the same types, so the text of each is made once. */
function memoized(partsOf: (name: string) => Parts): (name: string) => Parts {
  const known = new Map<string, Parts>();
  return (name) => {
    const parts = known.get(name) ?? partsOf(name);
    known.set(name, parts);
    return parts;
  };
}

/** What the hash of a method covers, as canonical JSON: sorted keys, no spaces. */
function methodText(id: string, method: MethodContract, typeParts: (name: string) => Parts): string {
  const { errors = {}, idempotent, kind, request, requestStream, response, responseStream } = method;
  // Named types are numbered in the order of their first reference.
  const numbers = new Map<string, number>();
  const numbered = (parts: Parts): string =>
    parts.map((part, index) => (index % 2 === 0 ? part : String(numberOf(part, numbers)))).join("");
  const fields = object({
    errors: object(mapValues(errors, schemaText)),
    id: JSON.stringify(id),
    idempotent: String(idempotent),
    kind: JSON.stringify(kind),
    request: schemaText(request),
    ...(requestStream !== undefined && { requestStream: schemaText(requestStream) }),
    ...(response !== undefined && { response: schemaText(response) }),
    ...(responseStream !== undefined && { responseStream: schemaText(responseStream) }),
  });
  const called = numbered(fields.split(MARK));
  const definitions: string[] = [];
  // The text of a type may refer to further ones.
  for (const name of numbers.keys()) definitions.push(numbered(typeParts(name)));
  return `{"method":${called},"types":[${definitions.join(",")}]}`;
}

function numberOf(name: string, numbers: Map<string, number>): number {
  const number = numbers.get(name) ?? numbers.size;
  numbers.set(name, number);
  return number;
}

/** The text of a schema, with the names of types between {@link MARK}s in place of references. */
function schemaText(schema: unknown): string {
  if (!isSchema(schema)) return JSON.stringify(schema);
  const fields: Record<string, string> = {};
  for (const [keyword, value] of Object.entries(schema).sort(byKey)) {
    const text = keywordText(keyword, value);
    if (text !== undefined) fields[keyword] = text;
  }
  return object(fields);
}

const REF = "#/types/";

/** The lists whose order has no meaning. */
const SETS: readonly string[] = ["required", "enum", "type"];

function keywordText(keyword: string, value: unknown): string | undefined {
  if (keyword === "$ref" && typeof value === "string" && value.startsWith(REF))
    return `${MARK}${JSON.stringify(value.slice(REF.length))}${MARK}`;
  switch (keywordValue(keyword)) {
    case "note":
      return undefined;
    case "schema":
    case "list":
    case "schema-or-list":
      return Array.isArray(value) ? `[${value.map(schemaText).join(",")}]` : schemaText(value);
    case "map":
      return isSchema(value) ? object(mapValues(value, schemaText)) : canonicalJson(value);
    default:
      return SETS.includes(keyword) && Array.isArray(value)
        ? `[${value.map(canonicalJson).sort().join(",")}]`
        : canonicalJson(value);
  }
}

function object(fields: Readonly<Record<string, string>>): string {
  const entries = Object.entries(fields).sort(byKey);
  return `{${entries.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

function mapValues(map: object, change: (value: unknown) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
