import { canonicalJson, notJson } from "./json-value.js";
import { isSchemaObject, withoutNotes } from "./schema-walk.js";

/** A string that is equal for definitions of equal meaning: their schemas, and those of all that they refer to. */
export function definitionKey(key: string, defs: Readonly<Record<string, unknown>>): string {
  const reached = new Map<string, unknown>();
  const pending = [key];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const schema = Object.hasOwn(defs, next) ? defs[next] : undefined;
    if (reached.has(next) || !isSchemaObject(schema)) continue;
    // What JSON cannot carry is refused when it is read.
    if (notJson(schema) !== undefined) return "";
    reached.set(next, withoutNotes(schema));
    for (const [, name = ""] of JSON.stringify(schema).matchAll(/"\$ref":"([^"]*)"/g)) pending.push(name);
  }
  return canonicalJson(Object.fromEntries(reached));
}
