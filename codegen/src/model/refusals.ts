import { isBytes, type JsonSchema, keywordValue } from "sshrpc/contract";
import { errorMessage } from "../base/error-message.js";
import { notJson } from "./schema/json-value.js";
import { isSchemaObject } from "./schema/schema-walk.js";
import { readTemplate } from "./typebox/typescript-note.js";

const JSON_TYPES = new Set(["string", "number", "integer", "boolean", "null", "object", "array"]);

/**
 * The formats that generated validators check: those of ajv-formats except `url`, whose pattern takes time quadratic in
 * the length of the text (4 s for 40 KB). A test compares this list with the package.
 */
const FORMATS: ReadonlySet<string> = new Set(
  (
    "date time date-time iso-time iso-date-time duration uri uri-reference uri-template email hostname ipv4 ipv6 regex " +
    "uuid json-pointer json-pointer-uri-fragment relative-json-pointer byte int32 int64 float double password binary"
  ).split(" "),
);

/** The drafts of JSON Schema whose keywords the model understands. */
const DRAFTS = /^https?:\/\/json-schema\.org\/draft(-0[67]|\/20(19-09|20-12))\/schema#?$/;

/** The replacement for each type that JSON cannot carry. */
const INSTEAD: Readonly<Record<string, string>> = {
  bigint: "use Type.Integer(), or Type.String() for numbers beyond 2^53",
  undefined: "use Type.Optional(...) for a property that may be absent, or Type.Null()",
  void: "use Type.Null()",
  function: "declare a method",
  constructor: "declare the data of the instance",
  symbol: 'use Type.Literal("...")',
  Date: 'use Type.String({ format: "date-time" })',
  Uint8Array: 'use Type.String({ contentEncoding: "base64" }), or a stream of Bytes',
};

/** Why a TypeBox value cannot be part of a contract, regardless of its keywords; undefined if it can. */
export function refuseKind(schema: JsonSchema): string | undefined {
  if (isBytes(schema))
    return "Bytes is a stream, not a JSON value; use it as the whole requestStream or responseStream";
  if ("~refine" in schema) return "the check of Type.Refine cannot be serialized; use JSON Schema keywords";
  if ("~codec" in schema) return "the functions of a codec cannot be serialized; declare the encoded type";
  const types = [schema["type"]].flat().filter((type) => type !== undefined);
  if (types.length === 0 && schema["type"] !== undefined)
    return '"type" is an empty array; use Type.Unknown() for any value';
  const bad = types.find((type) => typeof type !== "string" || !JSON_TYPES.has(type));
  if (bad === undefined) return undefined;
  const name = String(bad);
  return `JSON cannot carry ${name}; ${INSTEAD[name] ?? "use a JSON type"}`;
}

/** Why a schema cannot have this keyword with this content; undefined if it can. */
export function refuseKeyword(keyword: string, content: unknown): string | undefined {
  switch (keywordValue(keyword)) {
    case undefined:
      if (keyword.startsWith("$")) return `"${keyword}" is not supported; write the schema without it`;
      return `unknown JSON Schema 2019-09 keyword "${keyword}"; prefix your own annotations with "x-"`;
    case "map":
      return isSchemaObject(content) ? undefined : `"${keyword}" must be an object of schemas`;
    case "list":
      return Array.isArray(content) ? undefined : `"${keyword}" must be an array of schemas`;
    case "value":
    case "note":
      return refuseValue(keyword, content);
    default:
      return undefined;
  }
}

function refuseValue(keyword: string, content: unknown): string | undefined {
  const bad = notJson(content);
  if (bad !== undefined) {
    return `"${keyword}"${bad.path === "" ? "" : ` at ${bad.path}`} is ${bad.what}, which JSON cannot carry`;
  }
  const shape = refuseShape(keyword, content);
  if (shape !== undefined) return `"${keyword}" must be ${shape}`;
  if (keyword === "format" && content !== "url" && !FORMATS.has(String(content))) {
    return `unknown format "${content}"; known formats: ${[...FORMATS].sort().join(", ")}`;
  }
  if (keyword === "pattern") {
    try {
      new RegExp(String(content), "u");
    } catch (error) {
      return `invalid "pattern": ${errorMessage(error)}`;
    }
  }
  return undefined;
}

/** The shape that a keyword's content must have; undefined if it has it. */
function refuseShape(keyword: string, content: unknown): string | undefined {
  switch (keyword) {
    case "maximum":
    case "exclusiveMaximum":
    case "minimum":
    case "exclusiveMinimum":
      return typeof content === "number" ? undefined : "a number";
    case "multipleOf":
      return typeof content === "number" && content > 0 ? undefined : "a number greater than 0";
    case "deprecated":
      return typeof content === "boolean" || typeof content === "string" ? undefined : "true, false or the reason";
    case "uniqueItems":
    case "nullable":
      return typeof content === "boolean" ? undefined : "true or false";
    case "pattern":
    case "format":
    case "title":
    case "description":
      return typeof content === "string" ? undefined : "a string";
    case "dependencies":
    case "dependentRequired":
      return isSchemaObject(content) ? undefined : "an object by property name";
    case "reserved":
      return isNames(content) ? undefined : "an array of the names of removed properties";
    case "required":
      return isNames(content) ? undefined : "an array of property names";
    case "enum":
      return Array.isArray(content) && content.length > 0 ? undefined : "a non-empty array";
    default:
      if (!/^(min|max)[A-Z]/.test(keyword)) return undefined;
      return Number.isInteger(content) && Number(content) >= 0 ? undefined : "a non-negative integer";
  }
}

/** Why a schema cannot have this name in a keyword that holds schemas by name. */
export function refuseName(name: string, keyword: string, { reserved }: JsonSchema): readonly string[] {
  if (name === "__proto__") return ["invalid property name __proto__; rename it"];
  if (keyword !== "properties" || !isNames(reserved) || !reserved.includes(name)) return [];
  return [`the name ${name} is reserved since a property with it was removed; choose another one`];
}

/** Properties that a part of an intersection declares and another one reserves. */
function reservedInOthers(schema: JsonSchema): readonly string[] {
  if (!Array.isArray(schema["allOf"])) return [];
  const parts = [schema, ...schema["allOf"]].filter(isSchemaObject);
  return parts.flatMap((part) => {
    const others = parts.flatMap(({ reserved }, index) => (parts[index] !== part && isNames(reserved) ? reserved : []));
    return Object.keys((part["properties"] ?? {}) as object).filter((name) => others.includes(name));
  });
}

function isNames(content: unknown): content is readonly string[] {
  return Array.isArray(content) && content.every((name) => typeof name === "string");
}

/** Why keywords of a schema cannot be together, or one cannot be alone: it would have no effect where its author expects one. */
export function refuseTogether(schema: JsonSchema): readonly string[] {
  const { format, items, nullable, type, $schema: draft } = schema;
  const lacks = (keyword: string, other: string): readonly string[] =>
    keyword in schema && !(other in schema)
      ? [`"${keyword}" has no effect without "${other}"; add "${other}", or remove "${keyword}"`]
      : [];
  const found = [
    ...lacks("then", "if"),
    ...lacks("else", "if"),
    ...lacks("minContains", "contains"),
    ...lacks("maxContains", "contains"),
    ...lacks("reserved", "properties"),
  ];
  if ("additionalItems" in schema && !Array.isArray(items)) {
    found.push('"additionalItems" has no effect without an array of "items"; use "items" for the type of all items');
  }
  for (const name of reservedInOthers(schema)) {
    found.push(`the name ${name} is reserved in one member of the intersection, and another declares it; rename it`);
  }
  if (nullable === true && (type === undefined || "~kind" in schema)) {
    found.push('"nullable" is a keyword of OpenAPI, beside "type"; use Type.Union([..., Type.Null()])');
  }
  if (schema["~kind"] === "TemplateLiteral" && readTemplate(schema) === undefined) {
    found.push(
      `TypeBox escapes no special characters in template literals, so that ${schema["pattern"]} is ambiguous; use Type.String({ pattern: "..." })`,
    );
  }
  if (format === "url") found.push('format "url" takes time quadratic in the length of the text; use "uri"');
  if (schema["$recursiveAnchor"] === true) {
    found.push('"$recursiveAnchor" is not supported; use "$ref": "#" for a reference to the whole schema');
  }
  if (draft !== undefined && !DRAFTS.test(String(draft))) {
    found.push(`unknown "$schema" ${JSON.stringify(draft)}; use JSON Schema 2019-09, which is the default`);
  }
  return found;
}
