import type { Peer } from "../../base/peer.js";
import type { Contract, JsonSchema, MethodContract } from "../../contract/contract.js";
import type { Api, Method } from "../../contract/method.js";
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

  /** The paths of those methods, sorted, each once. */
  get paths(): readonly string[] {
    return [...new Set(this.methods.map(({ path }) => path))].sort();
  }

  /** The contract; undefined where the API was built without one. */
  async contract(): Promise<Contract | undefined> {
    return this.api.contract?.();
  }

  /** The schema of a method's request; undefined where the API was built without its contract. */
  async requestSchema(method: Method): Promise<RequestSchema | undefined> {
    const contract = await this.contract();
    const schema = methodContract(method, contract)?.request;
    return contract && schema && { schema, types: contract.types };
  }
}

/** The contract of a method. */
export function methodContract({ resource, verb }: Method, contract: Contract | undefined): MethodContract | undefined {
  return contract?.resources[resource]?.methods[verb];
}
