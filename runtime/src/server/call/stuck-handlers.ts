import type { Observer } from "../../base/observer/observer.js";
import type { Peer } from "../../base/peer.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Limits } from "../../wire/limits.js";

/**
 * The handlers of a server that still run although their calls ended long ago, as one that ignores `ctx.signal`. They occupy no place of
 * `limits.calls`, so they are bounded by themselves: a method with too many of them is refused, and the others go on.
 */
export class StuckHandlers {
  /** Milliseconds that a handler may go on after its call has ended. */
  readonly grace: number;
  readonly #max: number;
  readonly #observer: Observer;
  /** The number of stuck handlers by method; empty if there are none, so that other calls need not ask {@link excess}. */
  readonly counts = new Map<string, number>();

  constructor({ handlerGrace, stuckHandlers }: Limits, observer: Observer) {
    this.grace = handlerGrace;
    this.#max = stuckHandlers;
    this.#observer = observer;
  }

  /** The error of another call of a method, where too many of its handlers are stuck: RESOURCE_EXHAUSTED. */
  excess(method: string): RpcError | undefined {
    const count = this.counts.get(method) ?? 0;
    if (count < this.#max) return undefined;
    const message = `${count} handlers of ${method} still run after their calls have ended (limits.stuckHandlers)`;
    return new RpcError("RESOURCE_EXHAUSTED", message);
  }

  /** A handler is stuck. */
  add(method: string, peer: Peer): void {
    const stuck = (this.counts.get(method) ?? 0) + 1;
    this.counts.set(method, stuck);
    const { connectionId, address } = peer;
    this.#observer.handlerStuck?.({ connectionId, address, peer, method, stuck });
  }

  /** A stuck handler is done. */
  remove(method: string): void {
    const stuck = (this.counts.get(method) ?? 1) - 1;
    if (stuck === 0) this.counts.delete(method);
    else this.counts.set(method, stuck);
  }
}
