import type { JsonSchema } from "sshrpc/contract";
import { kept } from "../../base/kept.js";
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
  return kept(known, model, findSentTypes);
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
    for (const name of factsOf(schema).names) {
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

/** What a schema says itself. */
interface Facts {
  /** The named types that it refers to. */
  readonly names: readonly string[];
  readonly hasArray: boolean;
}

const NO_FACTS: Facts = { names: [], hasArray: false };

/** The results of {@link factsOf}: a watch keeps schemas that have not changed. */
const facts = new WeakMap<JsonSchema, Facts>();

function factsOf(schema: SchemaOrBoolean): Facts {
  if (typeof schema === "boolean" || typescriptNote(schema).type !== undefined) return NO_FACTS;
  return kept(facts, schema, findFacts);
}

function findFacts(schema: JsonSchema): Facts {
  const own = refName(schema);
  const names = own === undefined ? [] : [own];
  let hasArray = "items" in schema || [schema["type"]].flat().includes("array");
  eachSubschema(schema, (sub) => {
    const inner = factsOf(sub);
    names.push(...inner.names);
    hasArray ||= inner.hasArray;
  });
  return { names, hasArray };
}

function hasArrays(schema: SchemaOrBoolean, types: ReadonlyMap<string, JsonSchema>, seen: Set<string>): boolean {
  const { names, hasArray } = factsOf(schema);
  return hasArray || names.some((name) => !seen.has(name) && hasArrays(types.get(name) ?? true, types, seen.add(name)));
}
