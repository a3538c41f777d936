import { checkNumber } from "../../base/check-number.js";
import { checkOptions, type OptionTable } from "../../base/check-options.js";
import type { Peer } from "../../base/peer.js";
import { checkedOptions } from "../../contract/option-errors.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ServerInterceptor } from "../call/interceptor.js";
import { observeCall } from "../call/observe-call.js";

/** Options of {@link limitCalls}. */
export interface LimitCallsOptions {
  /** Concurrent calls of one peer, over all its connections; 0 refuses every call. */
  readonly perPeer: number;
  /** Returns the key by which calls are counted. Default: the fingerprint of the peer's key, else its principal, else its user name. */
  readonly peerKey?: (peer: Peer) => string;
}

const LIMIT_CALLS_OPTIONS = { perPeer: true, peerKey: true } satisfies OptionTable<LimitCallsOptions>;

/**
 * Limits the concurrent calls of each peer: a call over the limit is refused with RESOURCE_EXHAUSTED.
 * @throws RpcError BAD_REQUEST for an unknown option, or if `perPeer` is not a whole number
 */
export function limitCalls(options: LimitCallsOptions): ServerInterceptor {
  checkedOptions(() => {
    checkOptions(options, LIMIT_CALLS_OPTIONS);
    checkNumber("limitCalls.perPeer", options.perPeer, 0);
  });
  const { perPeer, peerKey = defaultKey } = options;
  const running = new Map<string, number>();
  return (call, next) => {
    const key = peerKey(call.ctx.peer);
    const count = running.get(key) ?? 0;
    if (count >= perPeer) {
      throw new RpcError(
        "RESOURCE_EXHAUSTED",
        `more than ${perPeer} concurrent calls of this peer (limitCalls.perPeer)`,
      );
    }
    running.set(key, count + 1);
    return observeCall(call, next, () => {
      const remaining = (running.get(key) ?? 1) - 1;
      if (remaining === 0) running.delete(key);
      else running.set(key, remaining);
    });
  };
}

/** The prefix keeps a user name that looks like a fingerprint apart from the key of that fingerprint. */
function defaultKey({ fingerprint, principal, user }: Peer): string {
  return fingerprint ?? (principal === undefined ? `user ${user}` : `principal ${principal}`);
}
