import type { Contract, MethodContract, ResourceContract } from "../../contract/contract.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { type Catalog, contractOf } from "./catalog.js";
import { findMethods } from "./find-methods.js";

/**
 * The part of the contract that a topic means and the peer may call, in the form of `api.json`: JSON Schemas, and
 * the named types that these refer to.
 * @throws RpcError NOT_FOUND, or UNIMPLEMENTED where the API was made without its contract
 */
export async function describe(topic: readonly string[], catalogue: Catalog): Promise<object> {
  const methods = findMethods(topic, catalogue);
  const contract = await catalogue.contract();
  if (contract === undefined) {
    throw new RpcError("UNIMPLEMENTED", "this server carries no schemas: generate its code again with sshrpc gen");
  }
  const { sshrpc, name, version } = contract;
  const resources = resourcesOf(methods, contract);
  const reached = typesOf(resources, contract);
  const types = Object.fromEntries(Object.entries(contract.types).filter(([type]) => reached.has(type)));
  return { sshrpc, name, version, resources, types };
}

function resourcesOf(methods: readonly Method[], contract: Contract): Record<string, ResourceContract> {
  const resources: Record<string, ResourceContract> = {};
  for (const method of methods) {
    const described = contractOf(method, contract);
    const resource = contract.resources[method.resource];
    if (described === undefined || resource === undefined) continue;
    const others: Readonly<Record<string, MethodContract>> = resources[method.resource]?.methods ?? {};
    resources[method.resource] = { ...resource, methods: { ...others, [method.verb]: described } };
  }
  return resources;
}

/** The names of the types that are reached from the resources, through other types or not. */
function typesOf(resources: unknown, contract: Contract): ReadonlySet<string> {
  const reached = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, content] of Object.entries(value)) {
      if (key !== "$ref" || typeof content !== "string") walk(content);
      else {
        const name = content.replace(/^#\/types\//, "");
        if (reached.has(name)) continue;
        reached.add(name);
        walk(contract.types[name]);
      }
    }
  };
  walk(resources);
  return reached;
}
