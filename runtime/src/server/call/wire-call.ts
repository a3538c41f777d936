import { checkMethodSize, checkShape } from "../../codec/check-shape.js";
import type { BytesView, Codec, EncodedValue } from "../../codec/codec.js";
import { decodeItem } from "../../codec/items.js";
import { IDEMPOTENCY_KEY, RESUME_UPLOAD, UPLOAD_OFFSET } from "../../contract/idempotency.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { StatusName } from "../../contract/status.js";
import type { IncomingCall } from "../../wire/incoming-call.js";
import { COVERED_TEXT } from "../../wire/limits.js";
import type { Metadata } from "../../wire/metadata.js";
import type { ItemSink } from "../../wire/pump-items.js";
import { type RequestStream, UploadItems } from "../upload/upload-items.js";
import type { CallPort, RequestItemChecks } from "./call-port.js";

/** A call that arrived over a connection. */
export class WireCall implements CallPort {
  readonly #call: IncomingCall;
  /** The request stream, where its caller can send it again. */
  #upload: UploadItems | undefined;

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

  receive({ type, shape, maxSize, authorize, abort }: RequestItemChecks): RequestStream {
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
    const items = this.#call.receive({ isRaw, decode: (item) => decodeItem(item, format, ++number), weigh }, abort);
    const resumes = this.metadata.size > 0 ? this.metadata.get(RESUME_UPLOAD)?.[0] : undefined;
    if (resumes === undefined || !this.metadata.has(IDEMPOTENCY_KEY)) return items;
    const ask = (offset: number): void => this.#call.headers(JSON.stringify([[UPLOAD_OFFSET, `${offset}`]]));
    this.#upload = new UploadItems(items, { isRaw, ask: resumes === "again" ? ask : undefined });
    return this.#upload;
  }

  startAt(offset: number): number {
    return this.#upload?.startAt(offset) ?? 0;
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
