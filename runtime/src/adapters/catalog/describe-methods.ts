import { contractOfApi } from "../../server/built-in/built-in-handlers.js";
import { partOfContract } from "../../server/built-in/visible-contract.js";
import type { Catalog } from "./catalog.js";
import { findMethods } from "./find-methods.js";

/**
 * The part of the contract that a topic names and the peer may call, in the form of `api.json`: JSON Schemas, and the named
 * types that they refer to.
 * @throws RpcError NOT_FOUND, or UNIMPLEMENTED where the API was built without its contract
 */
export async function describeMethods(topic: readonly string[], catalog: Catalog): Promise<object> {
  const { api, methods } = findMethods(topic, catalog);
  const contract = await contractOfApi(api);
  const { sshrpc, name, version } = contract;
  return { sshrpc, name, version, ...partOfContract(contract, methods) };
}
