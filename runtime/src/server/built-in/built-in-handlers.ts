import type { Peer } from "../../base/peer.js";
import { BUILT_IN_API, CONTRACT_SCOPE, type ServedContract } from "../../contract/built-in/built-in-api.js";
import type { Contract } from "../../contract/contract.js";
import type { Api } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isAuthorized } from "../call/admit.js";
import type { Route } from "../call/route.js";
import { partOfContract } from "./visible-contract.js";

/** The built-in methods of a server of `api`, with their handlers by id. */
export function builtInHandlers(api: Api): BuiltInHandlers {
  return {
    api: BUILT_IN_API,
    handlers: new Map([["GET /sshrpc/contract", (_request, { peer }) => servedContract(api, peer)]]),
  };
}

interface BuiltInHandlers {
  readonly api: Api;
  readonly handlers: ReadonlyMap<string, Route["handler"]>;
}

/** Callbacks are part of what each caller sees: the HELLO of the server names them. */
async function servedContract(api: Api, peer: Peer): Promise<ServedContract> {
  const contract = await contractOfApi(api);
  if (isAuthorized(peer, CONTRACT_SCOPE)) return { contract, complete: true };
  const methods = api.methods.filter(({ scope }) => isAuthorized(peer, scope));
  return { contract: { ...contract, ...partOfContract(contract, methods, contract.callbacks) }, complete: false };
}

/** @throws RpcError UNIMPLEMENTED where the API was built without its contract */
export async function contractOfApi({ contract: load }: Api): Promise<Contract> {
  const contract = await load?.();
  if (contract !== undefined) return contract;
  throw new RpcError("UNIMPLEMENTED", "this server has no schemas; run `sshrpc gen` to generate its code again");
}
