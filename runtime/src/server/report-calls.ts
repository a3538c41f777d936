import { nextCall } from "../base/observer/combine-observers.js";
import type { Observer } from "../base/observer/observer.js";
import type { Peer } from "../base/peer.js";
import type { RpcError } from "../contract/rpc-error.js";
import type { CallObserver } from "../wire/call-observer.js";

/**
 * Reports the calls of a connection; undefined if no observer receives calls: they are not measured then.
 * @param nameOf returns the name of the method at an index of the peer's HELLO; called once for each method
 */
export function reportCalls(
  { callStarted, callEnded }: Observer,
  peer: Peer,
  nameOf: (method: number) => string,
): CallObserver | undefined {
  if (callStarted === undefined && callEnded === undefined) return undefined;
  const names: string[] = [];
  const name = (method = -1): string => {
    names[method] ??= nameOf(method);
    return names[method];
  };
  return {
    started: callStarted && (({ call, method }) => callStarted({ call, peer, method: name(method) })),
    // No spread: it would double the time that the report takes.
    ended:
      callEnded &&
      (({ call, method, status, milliseconds, bytesIn, bytesOut, itemsIn, itemsOut, error, refused }) =>
        callEnded({
          call,
          peer,
          method: name(method),
          status,
          milliseconds,
          bytesIn,
          bytesOut,
          itemsIn,
          itemsOut,
          error,
          refused,
        })),
  };
}

/** Reports a call that was refused before it began. */
export function reportRefused(observer: Observer, peer: Peer, method: string, error: RpcError): void {
  const start = { call: nextCall(), peer, method };
  observer.callStarted?.(start);
  const sizes = { bytesIn: 0, bytesOut: 0, itemsIn: 0, itemsOut: 0 };
  observer.callEnded?.({ ...start, status: error.status, milliseconds: 0, ...sizes, error, refused: true });
}
