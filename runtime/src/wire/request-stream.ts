import type { BytesView } from "../codec/codec.js";
import type { RpcError } from "../contract/rpc-error.js";
import type { ReceiveWindow } from "./flow/connection-window.js";

/** Callbacks of the callee for the request stream. */
export interface RequestStreamHandlers {
  /** An item arrived, valid during the call only, and what may hold it. @throws ProtocolError if the stream has no credit */
  readonly item: (item: BytesView, connection: ReceiveWindow) => void;
  /** An item over the limit arrived. */
  readonly reject: (reason: RpcError) => void;
  /** The stream is complete. */
  readonly end: () => void;
}

/** The request stream of a call of the peer, up to its handler. */
export class RequestStream {
  #handlers: RequestStreamHandlers | undefined;
  #isComplete = false;
  #received = 0;
  #items = 0;

  /** Whether the peer has sent its end. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Bytes of the items that were received. */
  get received(): number {
    return this.#received;
  }

  /** Number of items that were received. */
  get items(): number {
    return this.#items;
  }

  /** Sets the callbacks. */
  receive(handlers: RequestStreamHandlers): void {
    this.#handlers = handlers;
  }

  /** An item arrived. @throws ProtocolError if the stream has no credit */
  item(item: BytesView, connection: ReceiveWindow): void {
    this.#received += item.end - item.start;
    this.#items += 1;
    this.#handlers?.item(item, connection);
  }

  /** An item over the limit arrived. */
  reject(reason: RpcError): void {
    this.#handlers?.reject(reason);
  }

  /** END arrived. */
  end(): void {
    this.#isComplete = true;
    this.#handlers?.end();
  }
}
