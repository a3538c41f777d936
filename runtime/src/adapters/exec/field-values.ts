import { jsonFault } from "../../codec/json-fault.js";
import type { Contract, JsonSchema } from "../../contract/contract.js";
import { fieldsOf, type JsonType, typesOf } from "../catalog/schema-fields.js";
import { readJson } from "../session-io/json-text.js";

/**
 * Makes the request of `field=value` words: what the schema says is a text stays one, everything else is read as JSON,
 * and as a text where it is none: validation then refuses it in the words that it uses for every other value. A field
 * that may be a text or something else, or that the schema does not know, is JSON where it can be.
 * @throws RpcError BAD_REQUEST for a number that is too large for any
 */
export function requestOfFields(
  fields: ReadonlyMap<string, string>,
  schema: JsonSchema | undefined,
  types: Contract["types"],
): object {
  const known = new Map(schema === undefined ? [] : fieldsOf(schema, types).map((field) => [field.name, field.schema]));
  return Object.fromEntries(
    [...fields].map(([name, text]) => {
      const field = known.get(name);
      return [name, readValue(name, text, field && typesOf(field, types))];
    }),
  );
}

function readValue(name: string, text: string, types: ReadonlySet<JsonType> | undefined): unknown {
  if (types?.size === 1 && types.has("string")) return text;
  return jsonFault(text) === undefined ? readJson(text, `the field ${JSON.stringify(name)}`) : text;
}
