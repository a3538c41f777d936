import { nextCall } from "../../base/observer/combine-observers.js";
import type { CallEvent, Observer } from "../../base/observer/observer.js";
import type { Peer } from "../../base/peer.js";
import type { Method } from "../../contract/method.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import type { ItemSender } from "../../wire/item-sender.js";
import type { OutgoingCall } from "../../wire/outgoing-call.js";
import type { CallOptions } from "./call-options.js";
import { withInjected } from "./injected-headers.js";

/** Where the calls of a client are reported. */
export interface CallReports {
  readonly observer: Pick<Observer, "callStarted" | "callEnded" | "callRetried" | "injectHeaders">;
  /** Whether calls that begin now are reported. */
  readonly isActive: () => boolean;
  /** Returns the server at the other end; without an address while the call waits for a connection. */
  readonly peerOf: (connection: Connection | undefined) => Peer;
  /** Whether the calls are callbacks. */
  readonly callback?: true;
}

/** The parts of a call that are counted. */
interface ObservedParts extends Pick<OutgoingCall, "body"> {
  readonly items: ItemReceiver<unknown> | undefined;
}

/** Reports a call of a client from its start to its status, and counts what it sends and receives. */
export class ObservedCall {
  readonly #reports: CallReports;
  readonly #method: string;
  readonly #deprecated: true | undefined;
  readonly #call = nextCall();
  readonly #start = performance.now();
  readonly #requestBytes: number;
  readonly #items: ItemReceiver<unknown> | undefined;
  #responseBytes = 0;
  #sender: ItemSender | undefined;
  #isOver = false;

  /** Reports that the call has started. */
  constructor(reports: CallReports, { id: method, deprecated }: Method, { body, items }: ObservedParts) {
    this.#reports = reports;
    this.#method = method;
    this.#deprecated = deprecated;
    this.#requestBytes = Buffer.byteLength(body);
    this.#items = items;
    reports.observer.callStarted?.(this.#event(undefined));
  }

  /** The encoded headers of the call, with those that observers inject. @param limit bytes of all */
  metadata(options: CallOptions | undefined, limit: number): string | undefined {
    const injected = this.#reports.observer.injectHeaders?.({ call: this.#call }) ?? {};
    return withInjected(injected, options?.metadata, limit);
  }

  /** The request stream has begun. */
  sends(sender: ItemSender): void {
    this.#sender = sender;
  }

  /** A status has arrived, with a body of this size. */
  body(bytes: number): void {
    this.#responseBytes = bytes;
  }

  /** The call is sent again after `delay` ms. */
  retried(connection: Connection | undefined, attempt: number, delay: number, error: RpcError): void {
    this.#reports.observer.callRetried?.({ ...this.#event(connection), attempt, delay, error });
  }

  /**
   * Reports the end of the call, with the error if it failed. Only the first report counts: a caller may cancel an ended
   * call.
   */
  ended(connection: Connection | undefined, error?: RpcError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { observer, peerOf, callback } = this.#reports;
    // No spread, which takes longer.
    observer.callEnded?.({
      call: this.#call,
      side: "client",
      callback,
      peer: peerOf(connection),
      method: this.#method,
      deprecated: this.#deprecated,
      status: error === undefined ? "OK" : error.status,
      milliseconds: performance.now() - this.#start,
      bytesIn: this.#responseBytes + (this.#items?.received ?? 0),
      bytesOut: this.#requestBytes + (this.#sender?.sent ?? 0),
      itemsIn: this.#items?.items ?? 0,
      itemsOut: this.#sender?.items ?? 0,
      error,
    });
  }

  #event(connection: Connection | undefined): CallEvent {
    const { peerOf, callback } = this.#reports;
    return {
      call: this.#call,
      side: "client",
      callback,
      peer: peerOf(connection),
      method: this.#method,
      deprecated: this.#deprecated,
    };
  }
}
