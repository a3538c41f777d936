import type { Peer } from "../../base/peer.js";
import {
  BUILT_IN_API,
  CONTRACT_SCOPE,
  HASHES,
  type MethodHashes,
  type ServedContract,
} from "../../contract/built-in/built-in-api.js";
import type { Contract } from "../../contract/contract.js";
import type { Api, Method } from "../../contract/method.js";
import { methodHashes } from "../../contract/method-hash.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isAuthorized } from "../call/admit.js";
import type { Context } from "../call/context.js";
import type { Route } from "../call/route.js";
import { type OperationsConfig, operationHandlers } from "./operation-handlers.js";
import { partOfContract } from "./visible-contract.js";

/** The built-in methods of a server of `api`, with their handlers by id. */
export function builtInHandlers(api: Api, operations: OperationsConfig): BuiltInHandlers {
  const { handlers } = comparison(api, "resources");
  const get: Handler = (_request, { peer }) => servedContract(api, peer);
  return {
    api: BUILT_IN_API,
    handlers: new Map([...handlers, ["GET /sshrpc/contract", get], ...operationHandlers(operations)]),
  };
}

const NO_HASHES: Promise<ReadonlyMap<string, string>> = Promise.resolve(new Map());

/**
 * The built-in method by which the caller compares its contract with that of this side.
 * @param served what this side serves: the resources of the contract, or its callbacks
 */
export function comparison(api: Api, served: "resources" | "callbacks"): BuiltInHandlers {
  const methods = served === "resources" ? api.methods : (api.callbacks ?? []);
  let hashes: Promise<ReadonlyMap<string, string>> | undefined;
  const load = async (): Promise<ReadonlyMap<string, string>> => {
    const contract = await contractOfApi(api);
    return methodHashes(contract, contract[served]);
  };
  const get = async (request: unknown, { peer }: Context): Promise<MethodHashes> => {
    const named = (request as { readonly methods?: readonly string[] }).methods;
    // Computed for the first caller whose contract differs. A failure is not kept. `sshrpc ping` asks for none.
    if (named?.length !== 0) hashes ??= load();
    const known = await (hashes ?? NO_HASHES).catch((error) => {
      hashes = undefined;
      throw error;
    });
    const asked = named === undefined ? methods : methods.filter(isNamed(named));
    const visible = asked.filter(({ scope }) => isAuthorized(peer, scope));
    const { name, version, hash } = api;
    return {
      ...{ name, version, hash },
      methods: Object.fromEntries(visible.flatMap(({ id }) => (known.has(id) ? [[id, known.get(id) ?? ""]] : []))),
      // A call would tell the same: FORBIDDEN in place of UNIMPLEMENTED.
      hidden: named === undefined ? [] : asked.filter(({ scope }) => !isAuthorized(peer, scope)).map(({ id }) => id),
    };
  };
  return { api: { ...BUILT_IN_API, methods: [HASHES] }, handlers: new Map([[HASHES.id, get]]) };
}

function isNamed(names: readonly string[]): (method: Method) => boolean {
  const set = new Set(names);
  return ({ id }) => set.has(id);
}

type Handler = Route["handler"];

interface BuiltInHandlers {
  readonly api: Api;
  readonly handlers: ReadonlyMap<string, Handler>;
}

/** Callbacks are part of what each caller sees: the HELLO of the server names them. */
async function servedContract(api: Api, peer: Peer): Promise<ServedContract> {
  const contract = await contractOfApi(api);
  if (isAuthorized(peer, CONTRACT_SCOPE)) return { contract, complete: true };
  const methods = api.methods.filter(({ scope }) => isAuthorized(peer, scope));
  // The names of removed resources would tell of what the caller could not see.
  const { reserved: _, ...rest } = contract;
  return { contract: { ...rest, ...partOfContract(contract, methods, contract.callbacks) }, complete: false };
}

/** @throws RpcError UNIMPLEMENTED where the API was built without its contract */
export async function contractOfApi({ contract: load }: Api): Promise<Contract> {
  const contract = await load?.();
  if (contract !== undefined) return contract;
  throw new RpcError("UNIMPLEMENTED", "this server has no schemas; run `sshrpc gen` to generate its code again");
}
