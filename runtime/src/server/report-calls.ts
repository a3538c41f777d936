import { nextCall } from "../base/observer/combine-observers.js";
import type { CallEvent, Observer } from "../base/observer/observer.js";
import type { Peer } from "../base/peer.js";
import type { RpcError } from "../contract/rpc-error.js";
import type { CallObserver } from "../wire/call-observer.js";

/** What events name of a method. */
export type ReportedMethod = Pick<CallEvent, "method" | "deprecated">;

/**
 * Reports the calls of a connection; undefined if no observer receives calls: they are not measured then.
 * @param aboutOf returns what is reported of the method at an index of the peer's HELLO; called once for each method
 */
export function reportCalls(
  { callStarted, callEnded }: Observer,
  peer: Peer,
  aboutOf: (method: number) => ReportedMethod,
): CallObserver | undefined {
  if (callStarted === undefined && callEnded === undefined) return undefined;
  const known: ReportedMethod[] = [];
  const about = (method = -1): ReportedMethod => {
    known[method] ??= aboutOf(method);
    return known[method];
  };
  return {
    started:
      callStarted &&
      (({ call, method: index }) => {
        const { method, deprecated } = about(index);
        callStarted({ call, peer, method, deprecated });
      }),
    // No spread: it would double the time that the report takes.
    ended:
      callEnded &&
      (({ call, method: index, status, milliseconds, bytesIn, bytesOut, itemsIn, itemsOut, error, refused }) => {
        const { method, deprecated } = about(index);
        callEnded({
          call,
          peer,
          method,
          deprecated,
          status,
          milliseconds,
          bytesIn,
          bytesOut,
          itemsIn,
          itemsOut,
          error,
          refused,
        });
      }),
  };
}

/** Reports a call that was refused before it began. */
export function reportRefused(observer: Observer, peer: Peer, method: string, error: RpcError): void {
  const start = { call: nextCall(), peer, method };
  observer.callStarted?.(start);
  const sizes = { bytesIn: 0, bytesOut: 0, itemsIn: 0, itemsOut: 0 };
  observer.callEnded?.({ ...start, status: error.status, milliseconds: 0, ...sizes, error, refused: true });
}
