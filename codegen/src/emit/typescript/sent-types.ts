import type { JsonSchema } from "sshrpc/contract";
import { type ApiModel, allMethods } from "../../model/api-model.js";
import { eachSubschema, refName, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import { typescriptNote } from "../../model/typebox/typescript-note.js";
import { declaredTypes, ownTypes } from "./type-use.js";

/**
 * The types that callers send and that contain arrays, each with the name of its second declaration, in which arrays are read-only: a
 * caller may send a `readonly string[]`, and a handler gets a `string[]`.
 */
export type SentTypes = ReadonlyMap<string, string>;

/** Several files of one run need them. */
const known = new WeakMap<ApiModel, SentTypes>();

/** The {@link SentTypes} of all methods. */
export function sentTypes(model: ApiModel): SentTypes {
  const found = known.get(model) ?? findSentTypes(model);
  known.set(model, found);
  return found;
}

function findSentTypes(model: ApiModel): SentTypes {
  const types = new Map(model.types.map(({ name, schema }) => [name, schema]));
  const taken = new Set(declaredTypes(model));
  const sent = new Map<string, string>();
  const add = (name: string): void => {
    let own = `${name}Input`;
    while (taken.has(own)) own += "_";
    taken.add(own);
    sent.set(name, own);
  };
  const addReachable = (schema: SchemaOrBoolean): void => {
    for (const name of namesIn(schema)) {
      const target = types.get(name);
      if (target === undefined || sent.has(name) || !hasArrays(target, types, new Set())) continue;
      add(name);
      addReachable(target);
    }
  };
  for (const method of allMethods(model)) {
    const own = ownTypes(method);
    for (const use of [method.request, method.requestStream]) {
      if (use === undefined || use === "bytes") continue;
      if (own.includes(use) && hasArrays(use.schema, types, new Set())) add(use.name);
      addReachable(use.schema);
    }
  }
  return sent;
}

/** The named types that a schema refers to. */
function namesIn(schema: SchemaOrBoolean): readonly string[] {
  if (typeof schema === "boolean" || typescriptNote(schema).type !== undefined) return [];
  const own = refName(schema);
  const names = own === undefined ? [] : [own];
  eachSubschema(schema, (sub) => names.push(...namesIn(sub)));
  return names;
}

function hasArrays(schema: SchemaOrBoolean, types: ReadonlyMap<string, JsonSchema>, seen: Set<string>): boolean {
  if (typeof schema === "boolean" || typescriptNote(schema).type !== undefined) return false;
  if ("items" in schema || [schema["type"]].flat().includes("array")) return true;
  const name = refName(schema);
  const target = name === undefined || seen.has(name) ? undefined : types.get(name);
  let found = name !== undefined && target !== undefined && hasArrays(target, types, seen.add(name));
  eachSubschema(schema, (sub) => {
    found ||= hasArrays(sub, types, seen);
  });
  return found;
}
