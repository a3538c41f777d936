import type { RequestSchema } from "../catalog/catalog.js";
import { type JsonType, schemaFields, schemaTypes } from "../catalog/schema-fields.js";
import { isJson, readJson } from "../session-io/json-text.js";

/**
 * Builds a request from `field=value` words. A field that the schema declares as a string takes the text; other values are
 * parsed as JSON, and invalid JSON is taken as text, which validation then refuses. The same holds for fields of several
 * types and unknown fields.
 * @throws RpcError BAD_REQUEST for a number that is larger than a double
 */
export function requestOfFields(fields: ReadonlyMap<string, string>, described: RequestSchema | undefined): object {
  const types = described?.types ?? {};
  const known = new Map(
    described === undefined ? [] : schemaFields(described.schema, types).map(({ name, schema }) => [name, schema]),
  );
  return Object.fromEntries(
    [...fields].map(([name, text]) => {
      const schema = known.get(name);
      return [name, readValue(name, text, schema && schemaTypes(schema, types))];
    }),
  );
}

/** Whether the values depend on the schema: each that is JSON could be meant as text. */
export function needsSchema(fields: ReadonlyMap<string, string>): boolean {
  return [...fields.values()].some(isJson);
}

function readValue(name: string, text: string, types: ReadonlySet<JsonType> | undefined): unknown {
  if ((types?.size === 1 && types.has("string")) || !isJson(text)) return text;
  return readJson(text, `the field ${JSON.stringify(name)}`).value;
}
