import { grants, type Peer } from "../../base/peer.js";
import { RpcError } from "../../contract/rpc-error.js";

/** Whether the peer may call methods that ask for this scope, or for none. */
export function isAuthorized(peer: Peer, scope: string | undefined): boolean {
  return scope === undefined || grants(peer.scopes, scope);
}

/** @throws RpcError FORBIDDEN where the peer does not hold the scope that a method asks for */
export function authorize(peer: Peer, scope: string | undefined): void {
  if (isAuthorized(peer, scope)) return;
  const held = peer.scopes.length === 0 ? "none" : peer.scopes.join(", ");
  throw new RpcError("FORBIDDEN", `it needs the scope ${scope}; ${peer.user} holds ${held}`);
}
