import { checkMethodSize, checkShape } from "../../codec/check-shape.js";
import type { BytesView, Codec, EncodedValue } from "../../codec/codec.js";
import { decodeItem } from "../../codec/items.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { StatusName } from "../../contract/status.js";
import type { IncomingCall } from "../../wire/incoming-call.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import { COVERED_TEXT } from "../../wire/limits.js";
import type { Metadata } from "../../wire/metadata.js";
import type { ItemSink } from "../../wire/pump-items.js";
import type { CallPort, RequestItemChecks } from "./call-port.js";

/** A call that arrived over a connection. */
export class WireCall implements CallPort {
  readonly #call: IncomingCall;

  constructor(call: IncomingCall) {
    this.#call = call;
  }

  get number(): number {
    return this.#call.number;
  }

  get codec(): Codec {
    return this.#call.codec;
  }

  get timeout(): number {
    return this.#call.opening.timeout;
  }

  get metadata(): Metadata {
    return this.#call.opening.metadata;
  }

  get hasStream(): boolean {
    return this.#call.opening.hasStream;
  }

  get readsStream(): boolean {
    return this.#call.opening.window > 0;
  }

  get answered(): boolean {
    return this.#call.answered;
  }

  get sender(): ItemSink {
    return this.#call.sender;
  }

  accept(): void {
    this.#call.accept();
  }

  listen(cancelled: (reason: RpcError) => void, lost?: (reason: RpcError) => void): void {
    this.#call.listen(cancelled, lost);
  }

  receive({ type, shape, maxSize, authorize, abort }: RequestItemChecks): ItemReceiver<unknown> {
    const format = { type, codec: this.codec, status: "BAD_REQUEST" } as const;
    const isRaw = type === "bytes";
    // The weight of the call covers that of a short item, as that of a short request.
    const covered = Math.min(COVERED_TEXT, shape.depth, shape.values);
    const weigh = (item: BytesView): number => {
      authorize();
      const size = item.end - item.start;
      if (isRaw) return size;
      checkMethodSize(size, maxSize, "item");
      return size <= covered ? 0 : checkShape(item, shape);
    };
    /** Items are decoded in their order. */
    let number = 0;
    return this.#call.receive({ isRaw, decode: (item) => decodeItem(item, format, ++number), weigh }, abort);
  }

  sendHeaders(metadata: string): void {
    this.#call.headers(metadata);
  }

  answer(status: StatusName, body: EncodedValue, trailers?: string, error?: RpcError): void {
    this.#call.answer(status, body, trailers, error);
  }

  abort(status: StatusName, body: EncodedValue, trailers?: string, error?: RpcError): void {
    this.#call.answer(status, body, trailers, error);
  }

  stop(reason: RpcError): void {
    this.#call.stop(reason);
  }

  refuse(body: EncodedValue, error: RpcError): void {
    this.#call.refuse(body, error);
  }

  releaseSlot(): void {
    this.#call.releaseSlot();
  }

  release(): void {
    this.#call.release();
  }
}
