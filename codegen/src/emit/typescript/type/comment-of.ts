import type { JsonSchema } from "sshrpc/contract";
import { refName, type SchemaOrBoolean } from "../../../model/schema/schema-walk.js";

/** The text of the comment for a schema; empty for none. */
export function commentOf(schema: SchemaOrBoolean): string {
  if (typeof schema === "boolean") return "";
  const { description, title, deprecated } = schema;
  const text = [description, title].find((one) => typeof one === "string" && one !== "") ?? "";
  const lines = [String(text), defaultLine(schema)];
  if (deprecated === true && !/@deprecated\b/.test(String(text))) lines.push("@deprecated");
  return lines.filter((line) => line !== "").join("\n\n");
}

/** A default is documentation: nothing fills it in. */
function defaultLine(schema: JsonSchema): string {
  return "default" in schema && refName(schema) === undefined ? `@default ${JSON.stringify(schema["default"])}` : "";
}
