import type { Peer } from "../../base/peer.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ServerInterceptor } from "../call/interceptor.js";
import { observeCall } from "../call/observe-call.js";

/** How {@link limitCalls} counts. */
export interface LimitCallsOptions {
  /** Calls that one peer may have at the same time, over all its connections. */
  readonly perPeer: number;
  /** Who counts as one peer. Default: the key's fingerprint, else the user. */
  readonly peerKey?: (peer: Peer) => string;
}

/**
 * Refuses a call with RESOURCE_EXHAUSTED where its peer has as many running as it may.
 * @throws Error where `perPeer` is no whole number: it would limit nothing
 */
export function limitCalls({ perPeer, peerKey = defaultKey }: LimitCallsOptions): ServerInterceptor {
  if (!Number.isSafeInteger(perPeer) || perPeer < 0) {
    throw new Error(`limitCalls.perPeer is ${perPeer}; it must be a whole number, 0 for none`);
  }
  const running = new Map<string, number>();
  return (call, next) => {
    const key = peerKey(call.ctx.peer);
    const count = running.get(key) ?? 0;
    if (count >= perPeer) {
      throw new RpcError(
        "RESOURCE_EXHAUSTED",
        `${perPeer} calls of this peer are running already (limitCalls.perPeer)`,
      );
    }
    running.set(key, count + 1);
    return observeCall(call, next, () => {
      const left = (running.get(key) ?? 1) - 1;
      if (left === 0) running.delete(key);
      else running.set(key, left);
    });
  };
}

/** Who comes without a key may have any name, also one that looks like the fingerprint of somebody else's key. */
function defaultKey({ fingerprint, user }: Peer): string {
  return fingerprint ?? `user ${user}`;
}
