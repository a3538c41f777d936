import type { EncodedValue } from "../codec/codec.js";
import type { RpcError } from "../contract/rpc-error.js";
import type { FrameView } from "./frame.js";
import type { ItemReceiver } from "./item-receiver.js";
import type { ItemSender } from "./item-sender.js";
import type { Metadata } from "./metadata.js";

/** Whether the peer never started a call, which makes a retry safe, or may have started it. */
export type CallProgress = "not-started" | "unknown";

/** A call as its caller passes it to the connection. */
export interface OutgoingCall {
  /** Its id on the wire; 0 while the OPEN is not sent. */
  readonly id: number;
  /** The index of its method in this side's HELLO. */
  readonly method: number;
  readonly metadata: string | undefined;
  /** The encoded request. */
  readonly body: EncodedValue;
  /** The initial credit of the response stream, in bytes; absent if there is none. */
  readonly window?: number;
  /** Called with the sender of the request stream once the call is open; absent if there is none. */
  readonly opened?: ((sender: ItemSender) => void) | undefined;
  /** Milliseconds until its deadline, read when the OPEN is sent; 0 if there is none. */
  remaining(): number;
  /** Called when the OPEN is sent, with the call's id. */
  sent(id: number): void;
  /** Called with the headers, at most once and before the first item. */
  headers?(metadata: Metadata): void;
  /** Receives the items of the response stream; absent without such a stream. */
  readonly items?: Pick<ItemReceiver<unknown>, "push"> | undefined;
  /** Called with the final status; `frame` holds its body, valid during the call only. */
  status(code: number, trailers: Metadata, frame: FrameView): void;
  /** Called if the call ends without a status from the peer. */
  lost(error: RpcError, progress: CallProgress): void;
}

/** Calls that wait for a free id, first in, first out. Each can be removed before its turn. */
export class CallQueue {
  readonly #calls = new Set<OutgoingCall>();
  /** One pass over the queue: a new iterator for each call would skip all removed entries again. */
  #front: Iterator<OutgoingCall> = this.#calls.values();

  /** How many wait. */
  get size(): number {
    return this.#calls.size;
  }

  /** Appends the call. */
  add(call: OutgoingCall): void {
    this.#calls.add(call);
  }

  /** Removes a call that its caller has cancelled; false if it is not in the queue. */
  forget(call: OutgoingCall): boolean {
    return this.#calls.delete(call);
  }

  /** Removes and returns the oldest call; undefined if the queue is empty. */
  take(): OutgoingCall | undefined {
    if (this.#calls.size === 0) return undefined;
    let front = this.#front.next();
    if (front.done === true) {
      // The iterator was exhausted before this call was added.
      this.#front = this.#calls.values();
      front = this.#front.next();
    }
    const call = front.value as OutgoingCall;
    this.#calls.delete(call);
    return call;
  }

  /** Removes and returns all of them. */
  clear(): readonly OutgoingCall[] {
    const calls = [...this.#calls];
    this.#calls.clear();
    return calls;
  }
}
