import type { Projection } from "../contract/method.js";
import type { RpcError } from "../contract/rpc-error.js";

/** A value on the wire: text, which the frame writer encodes as UTF-8 in place, or bytes. */
export type EncodedValue = string | Uint8Array;

/** A value as it arrived: the bytes of `buffer` from `start` to `end`. Valid during the call that receives it only. */
export interface BytesView {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Converts requests, responses, items and errors to the bytes of frames and back. Metadata and the frames of the whole
 * connection (HELLO, DRAIN, CLOSE) are JSON under every codec.
 */
export interface Codec {
  /** The name under which HELLO would announce it. */
  readonly name: string;
  /**
   * Encodes a request, a response or an item.
   * @param projection reduces the value to what its schema declares; default: all of it
   * @throws TypeError for a value that the codec cannot represent
   */
  encode(value: unknown, projection?: Projection): EncodedValue;
  /** Decodes a request, a response or an item. @throws RpcError BAD_REQUEST where the bytes are malformed */
  decode(bytes: BytesView): unknown;
  /** Encodes message and details of an error. A stack, a cause or a method is never sent. */
  encodeError(error: RpcError): EncodedValue;
  /**
   * Makes the error of a STATUS frame. A malformed body loses its message and details, never its status.
   * @param code the HTTP number of the status
   */
  decodeError(code: number, bytes: BytesView, method: string): RpcError;
}
