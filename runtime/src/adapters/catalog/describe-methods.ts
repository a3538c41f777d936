import type { Contract, MethodContract, ResourceContract } from "../../contract/contract.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { type Catalog, methodContract } from "./catalog.js";
import { findMethods } from "./find-methods.js";

/**
 * The part of the contract that a topic names and the peer may call, in the form of `api.json`: JSON Schemas, and the named
 * types that they refer to.
 * @throws RpcError NOT_FOUND, or UNIMPLEMENTED where the API was built without its contract
 */
export async function describeMethods(topic: readonly string[], catalog: Catalog): Promise<object> {
  const methods = findMethods(topic, catalog);
  const contract = await catalog.contract();
  if (contract === undefined) {
    throw new RpcError("UNIMPLEMENTED", "this server has no schemas; run `sshrpc gen` to generate its code again");
  }
  const { sshrpc, name, version } = contract;
  const resources = describeResources(methods, contract);
  const used = usedTypes(resources, contract);
  const types = Object.fromEntries(Object.entries(contract.types).filter(([type]) => used.has(type)));
  return { sshrpc, name, version, resources, types };
}

function describeResources(methods: readonly Method[], contract: Contract): Record<string, ResourceContract> {
  const resources: Record<string, ResourceContract> = {};
  for (const method of methods) {
    const described = methodContract(method, contract);
    const resource = contract.resources[method.resource];
    if (described === undefined || resource === undefined) continue;
    const others: Readonly<Record<string, MethodContract>> = resources[method.resource]?.methods ?? {};
    resources[method.resource] = { ...resource, methods: { ...others, [method.verb]: described } };
  }
  return resources;
}

/** The names of the types that the resources refer to, directly or through other types. */
function usedTypes(resources: unknown, contract: Contract): ReadonlySet<string> {
  const used = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, content] of Object.entries(value)) {
      if (key !== "$ref" || typeof content !== "string") walk(content);
      else {
        const name = content.replace(/^#\/types\//, "");
        if (used.has(name)) continue;
        used.add(name);
        walk(contract.types[name]);
      }
    }
  };
  walk(resources);
  return used;
}
