import { nextCall } from "../base/observer/combine-observers.js";
import { receiverCheck } from "../base/observer/live-observer.js";
import type { CallEvent, Observer } from "../base/observer/observer.js";
import type { Peer } from "../base/peer.js";
import { RpcError } from "../contract/rpc-error.js";
import type { CallObserver } from "../wire/call-observer.js";
import type { Router } from "./router.js";

/** What events name of a method. */
type ReportedMethod = Pick<CallEvent, "method" | "unknown" | "deprecated">;

/** The calls of a connection. */
interface ReportedCalls {
  readonly peer: Peer;
  readonly router: Router;
  /** Returns the reference at an index of the peer's HELLO; called once for each method. */
  readonly reference: (method: number) => string | undefined;
  /** Whether they are callbacks. */
  readonly callback?: true;
}

/** Reports the calls of a connection; undefined if no observer ever receives calls. */
export function reportCalls(
  observer: Observer,
  { peer, router, reference, callback }: ReportedCalls,
): CallObserver | undefined {
  const isActive = receiverCheck(observer, ["callStarted", "callEnded", "runCall"]);
  if (isActive === undefined) return undefined;
  const known: ReportedMethod[] = [];
  const about = (method = -1): ReportedMethod => {
    known[method] ??= aboutOf(router, reference(method) ?? "");
    return known[method];
  };
  return {
    isActive,
    started: ({ call, method: index, metadata }) => {
      const { callStarted } = observer;
      if (callStarted === undefined) return;
      const { method, unknown, deprecated } = about(index);
      const headers = metadata !== undefined && metadata.size > 0 ? metadata : undefined;
      callStarted({ call, side: "server", callback, peer, method, unknown, deprecated, metadata: headers });
    },
    // No spread: it would double the time that the report takes.
    ended: ({ call, method: index, status, milliseconds, bytesIn, bytesOut, itemsIn, itemsOut, error, refused }) => {
      const { callEnded } = observer;
      if (callEnded === undefined) return;
      const { method, unknown, deprecated } = about(index);
      callEnded({
        call,
        side: "server",
        callback,
        peer,
        method,
        unknown,
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
    },
  };
}

/** Records name a method by its id, because a path may contain private data. */
function aboutOf(router: Router, reference: string): ReportedMethod {
  const route = router.find(reference);
  if (route instanceof RpcError) return { method: reference, unknown: true };
  return { method: route.method.id, deprecated: route.method.deprecated };
}

/** Reports a call of an unknown method, which was refused before it began. */
export function reportUnknown(observer: Observer, peer: Peer, method: string, error: RpcError): void {
  const start = { call: nextCall(), side: "server", peer, method, unknown: true } as const;
  observer.callStarted?.(start);
  const sizes = { bytesIn: 0, bytesOut: 0, itemsIn: 0, itemsOut: 0 };
  observer.callEnded?.({ ...start, status: error.status, milliseconds: 0, ...sizes, error, refused: true });
}
