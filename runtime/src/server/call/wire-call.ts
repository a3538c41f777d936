import { decodeItem } from "../../codec/items.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { StatusName } from "../../contract/status.js";
import type { IncomingCall } from "../../wire/incoming-call.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import type { Metadata } from "../../wire/metadata.js";
import type { ItemSink } from "../../wire/pump-items.js";
import type { CallPort, RequestItemChecks } from "./call-port.js";

/** A call that arrived over a connection. */
export class WireCall implements CallPort {
  readonly timeout: number;
  readonly metadata: Metadata;
  readonly #call: IncomingCall;

  constructor(call: IncomingCall, timeout: number, metadata: Metadata) {
    this.#call = call;
    this.timeout = timeout;
    this.metadata = metadata;
  }

  get hasStream(): boolean {
    return this.#call.hasStream;
  }

  get answered(): boolean {
    return this.#call.answered;
  }

  get sender(): ItemSink {
    return this.#call.sender;
  }

  listen(listener: (reason: RpcError) => void): void {
    this.#call.listen(listener);
  }

  receive({ type, authorize, abort }: RequestItemChecks): ItemReceiver<unknown> {
    const call = this.#call;
    const items = call.receiver<unknown>();
    call.onEnd = () => items.end();
    call.onReject = abort;
    call.onItem = (buffer, start, end) => {
      try {
        authorize();
        items.push(decodeItem(buffer, start, end, type, "BAD_REQUEST"), end - start);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        abort(error);
      }
    };
    return items;
  }

  sendHeaders(metadata: string): void {
    this.#call.headers(metadata);
  }

  answer(status: StatusName, body: string, trailers?: string): void {
    this.#call.answer(status, body, trailers);
  }

  stop(reason: RpcError): void {
    this.#call.stop(reason);
  }

  release(): void {
    this.#call.release();
  }
}
