import type { Contract, MethodContract, ResourceContract } from "../../contract/contract.js";
import type { Method } from "../../contract/method.js";
import { keywordValue } from "../../contract/schema-keywords.js";

/** The part of a contract that some of its methods need: their resources, and the types that these refer to. */
export function partOfContract(
  contract: Contract,
  methods: readonly Method[],
  callbacks: Contract["callbacks"] = {},
): Pick<Contract, "resources" | "types"> {
  const resources = resourcesOf(methods, contract);
  const used = usedTypes([...Object.values(resources), ...Object.values(callbacks)], contract);
  const types = Object.fromEntries(Object.entries(contract.types).filter(([type]) => used.has(type)));
  return { resources, types };
}

/** Without the verbs of removed methods, which the caller may not have seen. */
function resourcesOf(methods: readonly Method[], contract: Contract): Record<string, ResourceContract> {
  const resources: Record<string, ResourceContract> = {};
  for (const { resource: name, verb } of methods) {
    const declared = contract.resources[name];
    const method = declared?.methods[verb];
    if (declared === undefined || method === undefined) continue;
    const { reserved: _, ...resource } = declared;
    const others: Readonly<Record<string, MethodContract>> = resources[name]?.methods ?? {};
    resources[name] = { ...resource, methods: { ...others, [verb]: method } };
  }
  return resources;
}

/** The names of the types that methods refer to, directly or through other types. */
function usedTypes(resources: readonly ResourceContract[], contract: Contract): ReadonlySet<string> {
  const used = new Set<string>();
  for (const { methods } of resources) {
    for (const { request, requestStream, response, responseStream, errors = {} } of Object.values(methods)) {
      const schemas = [request, requestStream, response, responseStream, ...Object.values(errors)];
      for (const schema of schemas) addReferences(schema, used);
    }
  }
  // A type may refer to further ones.
  for (const name of used) addReferences(contract.types[name], used);
  return used;
}

/** Adds the types that a schema names. A value, such as one of an enumeration, may look like a reference. */
function addReferences(schema: unknown, used: Set<string>): void {
  if (typeof schema !== "object" || schema === null) return;
  for (const [keyword, content] of Object.entries(schema)) {
    const kind = keywordValue(keyword);
    if (keyword === "$ref") used.add(String(content).replace(/^#\/types\//, ""));
    else if (kind === "map") for (const one of Object.values(content as object)) addReferences(one, used);
    else if (Array.isArray(content) && (kind === "list" || kind === "schema-or-list"))
      for (const one of content) addReferences(one, used);
    else if (kind === "schema" || kind === "schema-or-list") addReferences(content, used);
  }
}
