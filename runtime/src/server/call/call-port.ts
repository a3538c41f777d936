import type { ShapeLimits } from "../../codec/check-shape.js";
import type { Codec, EncodedValue } from "../../codec/codec.js";
import type { ItemType } from "../../codec/items.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { StatusName } from "../../contract/status.js";
import type { Metadata } from "../../wire/metadata.js";
import type { ItemSink } from "../../wire/pump-items.js";
import type { RequestStream } from "../upload/upload-items.js";

/** How the items of a request stream are checked as they arrive. */
export interface RequestItemChecks {
  readonly type: ItemType;
  readonly shape: ShapeLimits;
  /** Maximum bytes of an item as JSON, from its schema. */
  readonly maxSize: number | undefined;
  /** Checks that the peer may still call the method. @throws RpcError FORBIDDEN */
  readonly authorize: () => void;
  /** Called with the reason when an item is refused: the call cannot continue. */
  readonly abort: (reason: RpcError) => void;
}

/** A call as its {@link Dispatch} sees it: from the wire, or from this process. */
export interface CallPort {
  /** The number of the call in this process; 0 if the calls are not observed. */
  readonly number: number;
  /** Encodes the response, its items and errors. */
  readonly codec: Codec;
  /** Milliseconds until the deadline; 0 for the default of the method or the server. */
  readonly timeout: number;
  /** The headers of the call. */
  readonly metadata: Metadata;
  /** Whether the caller sends a request stream. */
  readonly hasStream: boolean;
  /** Whether the caller reads a response stream; undefined where it takes what there is. */
  readonly readsStream?: boolean;
  /** Whether the final status was sent, or can no longer be sent. */
  readonly answered: boolean;
  /** Takes the items of the response stream. */
  readonly sender: ItemSink;
  /** The call passes all checks, and goes to its handler. */
  accept(): void;
  /** The handler is about to be called, behind the interceptors. Absent where that is of no interest. */
  begin?(): void;
  /**
   * Calls `cancelled` when the caller cancels or its connection is lost; at once if that has happened.
   * @param lost called in its place when the connection is lost: the call then goes on, and its answer reaches its records alone
   */
  listen(cancelled: (reason: RpcError) => void, lost?: (reason: RpcError) => void): void;
  /** Returns the request stream, decoded and checked item by item. Called once. */
  receive(checks: RequestItemChecks): RequestStream;
  /** See `ctx.startAt`. Called after {@link receive}, before the first read. Absent where no stream begins at an offset. */
  startAt?(offset: number): number;
  /** Sends encoded headers: at most once, before the first item. */
  sendHeaders(metadata: string): void;
  /**
   * Sends the final status with the encoded response or error, and encoded trailers; ignored after the first.
   * @param error what `body` encodes, if the call failed
   */
  answer(status: StatusName, body: EncodedValue, trailers?: string, error?: RpcError): void;
  /** As {@link answer}, while the handler runs: it may still have an outcome, which its caller does not get. */
  abort(status: StatusName, body: EncodedValue, trailers?: string, error?: RpcError): void;
  /** Stops the response stream with `reason`. */
  stop(reason: RpcError): void;
  /** Sends the encoded error of a call whose handler was not called; ignored after an answer. */
  refuse(body: EncodedValue, error: RpcError): void;
  /** Frees the slot of the call before its handler is done, because it is stuck. Called at most once. */
  releaseSlot(): void;
  /** Frees the slot and the memory of the call. Called exactly once, when the handler is done. */
  release(): void;
}
