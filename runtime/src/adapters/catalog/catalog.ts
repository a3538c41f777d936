import type { Peer } from "../../base/peer.js";
import type { Contract, MethodContract } from "../../contract/contract.js";
import type { Api, Method } from "../../contract/method.js";
import { isAuthorized } from "../../server/call/authorize.js";

/** What a peer may call, and what the contract says of it. */
export class Catalog {
  readonly #api: Api;
  readonly #peer: Peer;

  constructor(api: Api, peer: Peer) {
    this.#api = api;
    this.#peer = peer;
  }

  /** The methods that the peer may call, by path and verb. What it may not call is not there. */
  get methods(): readonly Method[] {
    return this.#api.methods.filter(({ scope }) => isAuthorized(this.#peer, scope));
  }

  /** The paths of those methods, each once. */
  get paths(): readonly string[] {
    return [...new Set(this.methods.map(({ path }) => path))].sort();
  }

  /** The contract as data; undefined where the API was made without. */
  async contract(): Promise<Contract | undefined> {
    return this.#api.contract?.();
  }
}

/** What the contract says of a method. */
export function contractOf({ resource, verb }: Method, contract: Contract | undefined): MethodContract | undefined {
  return contract?.resources[resource]?.methods[verb];
}
