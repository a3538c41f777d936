import type { Peer } from "../../base/peer.js";
import { BUILT_IN_API } from "../../contract/built-in/built-in-api.js";
import type { Contract, JsonSchema, MethodContract } from "../../contract/contract.js";
import type { Api, Method } from "../../contract/method.js";
import { isReservedPath } from "../../contract/path.js";
import { isAuthorized } from "../../server/call/admit.js";

/** The schema of a method's request, with the named types that it refers to. */
export interface RequestSchema {
  readonly schema: JsonSchema;
  readonly types: Contract["types"];
}

/** The methods that a peer may call, and their contract. */
export class Catalog {
  readonly api: Api;
  readonly #peer: Peer;

  constructor(api: Api, peer: Peer) {
    this.api = api;
    this.#peer = peer;
  }

  /** The methods that the peer may call at this moment; others are hidden. */
  get methods(): readonly Method[] {
    return this.api.methods.filter(({ scope }) => isAuthorized(this.#peer, scope));
  }

  /** The built-in methods that the peer may call at this moment. */
  get builtIn(): readonly Method[] {
    return BUILT_IN_API.methods.filter(({ scope }) => isAuthorized(this.#peer, scope));
  }

  /** The paths of the methods, sorted, each once. */
  get paths(): readonly string[] {
    return pathsOf(this.methods);
  }

  /** The paths that one which is not found may have meant. */
  pathsNear(path: string): readonly string[] {
    return isReservedPath(path) ? pathsOf(this.builtIn) : this.paths;
  }

  /** The schema of a method's request; undefined where the API was built without its contract. */
  async requestSchema(method: Method): Promise<RequestSchema | undefined> {
    const api = isReservedPath(method.path) ? BUILT_IN_API : this.api;
    const contract = await api.contract?.();
    const schema = methodContract(method, contract)?.request;
    return contract && schema && { schema, types: contract.types };
  }
}

function pathsOf(methods: readonly Method[]): readonly string[] {
  return [...new Set(methods.map(({ path }) => path))].sort();
}

/** The contract of a method. */
export function methodContract({ resource, verb }: Method, contract: Contract | undefined): MethodContract | undefined {
  return contract?.resources[resource]?.methods[verb];
}
