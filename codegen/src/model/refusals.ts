import { isBytes, type JsonSchema } from "sshrpc/contract";
import { errorMessage } from "../base/error-message.js";
import { FORMATS } from "./formats.js";
import { notJson } from "./json-value.js";
import { keywordValue } from "./keywords.js";
import { isSchemaObject } from "./schema-walk.js";

const JSON_TYPES = new Set(["string", "number", "integer", "boolean", "null", "object", "array"]);

/** What to write in place of a type that JSON cannot carry. */
const INSTEAD: Readonly<Record<string, string>> = {
  bigint: "use Type.Integer(), or Type.String() for numbers beyond 2^53",
  undefined: "use Type.Optional(...) for a property that may be absent, or Type.Null()",
  void: "use Type.Null()",
  function: "declare a method of its own",
  constructor: "declare its data",
  symbol: 'use Type.Literal("...")',
  Date: 'use Type.String({ format: "date-time" })',
  Uint8Array: 'use Type.String({ contentEncoding: "base64" }), or a stream of Bytes',
};

/** Why a TypeBox value can be no part of a contract, whatever its keywords say; undefined where it can. */
export function refuseKind(schema: JsonSchema): string | undefined {
  if (isBytes(schema))
    return "Bytes is a stream, and part of no other type: it may be a requestStream or a responseStream";
  if ("~refine" in schema) return "a check that is a function does not travel; say it with keywords of JSON Schema";
  if ("~codec" in schema) {
    return "a codec's functions do not travel, and what they give JSON cannot carry; declare what is sent";
  }
  const types = [schema["type"]].flat().filter((type) => type !== undefined);
  if (types.length === 0 && schema["type"] !== undefined)
    return '"type" is an empty list; use Type.Unknown() for any value';
  const bad = types.find((type) => typeof type !== "string" || !JSON_TYPES.has(type));
  if (bad === undefined) return undefined;
  const name = String(bad);
  return `JSON cannot carry ${name}: ${INSTEAD[name] ?? "use types that JSON has"}`;
}

/** Why a schema cannot have this keyword with this content; undefined where it can. */
export function refuseKeyword(keyword: string, content: unknown): string | undefined {
  switch (keywordValue(keyword)) {
    case undefined:
      return `"${keyword}" is no keyword of JSON Schema 2019-09; a note of your own begins with "x-"`;
    case "map":
      return isSchemaObject(content) ? undefined : `"${keyword}" must be an object of schemas`;
    case "list":
      return Array.isArray(content) ? undefined : `"${keyword}" must be a list of schemas`;
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
    return `"${content}" is no known format; the formats are ${[...FORMATS].sort().join(", ")}`;
  }
  if (keyword === "pattern") {
    try {
      new RegExp(String(content), "u");
    } catch (error) {
      return `"pattern" does not compile: ${errorMessage(error)}`;
    }
  }
  return undefined;
}

/** What a keyword's content must be and is not; undefined where it is. */
function refuseShape(keyword: string, content: unknown): string | undefined {
  switch (keyword) {
    case "maximum":
    case "exclusiveMaximum":
    case "minimum":
    case "exclusiveMinimum":
      return typeof content === "number" ? undefined : "a number";
    case "multipleOf":
      return typeof content === "number" && content > 0 ? undefined : "a number above 0";
    case "uniqueItems":
    case "deprecated":
      return typeof content === "boolean" ? undefined : "true or false";
    case "pattern":
    case "format":
    case "title":
    case "description":
      return typeof content === "string" ? undefined : "a text";
    case "required":
      return Array.isArray(content) && content.every((name) => typeof name === "string")
        ? undefined
        : "a list of names";
    case "enum":
      return Array.isArray(content) && content.length > 0 ? undefined : "a list of at least one value";
    default:
      if (!/^(min|max)[A-Z]/.test(keyword)) return undefined;
      return Number.isInteger(content) && Number(content) >= 0 ? undefined : "a whole number, not below 0";
  }
}
