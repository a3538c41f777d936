import { isSchema } from "../../contract/constraints.js";
import type { JsonSchema, StreamContract } from "../../contract/contract.js";

/** A short name of a schema: `Note`, `integer`, `Tag[]`, `"a" | "b"`, `object`. */
export function typeName(schema: StreamContract): string {
  if (schema === "bytes") return "bytes";
  const { $ref, type, items, anyOf, oneOf } = schema;
  if (typeof $ref === "string") return $ref.replace(/^#\/types\//, "");
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value) => JSON.stringify(value)).join(" | ");
  const options = anyOf ?? oneOf;
  if (Array.isArray(options)) return options.map((option: JsonSchema) => typeName(option)).join(" | ");
  if (type === "array") return isSchema(items) ? `${bracket(typeName(items))}[]` : "array";
  if (Array.isArray(type)) return type.join(" | ");
  return typeof type === "string" ? type : "any";
}

function bracket(name: string): string {
  return name.includes(" ") ? `(${name})` : name;
}
