import type { RpcError } from "../contract/rpc-error.js";
import type { StatusName } from "../contract/status.js";
import type { Metadata } from "./metadata.js";

/** A call of the peer, for observers. */
interface CallStart {
  /** The number of the call in this process. */
  readonly call: number;
  /** The index of the method in the peer's HELLO; undefined if the OPEN was rejected before this field was decoded. */
  readonly method: number | undefined;
  /** The headers of the call; absent if the OPEN was rejected before they were decoded. */
  readonly metadata?: Metadata;
}

/** The outcome of a call of the peer. It has the sizes of its messages, never their content. */
interface CallRecord extends Omit<CallStart, "metadata"> {
  readonly status: StatusName;
  /** From the OPEN to the final status, or to the end of the connection. */
  readonly milliseconds: number;
  /** Bytes of the request and its stream. */
  readonly bytesIn: number;
  /** Bytes of the response stream and the response. */
  readonly bytesOut: number;
  /** Items of the request stream, in frames. */
  readonly itemsIn: number;
  /** Items of the response stream, in frames. */
  readonly itemsOut: number;
  /** The error of a failed call. */
  readonly error: RpcError | undefined;
  /** Whether it was refused before its handler ran. */
  readonly refused: true | undefined;
}

/** Receives the calls of the peer. */
export interface CallObserver {
  /** Whether calls that begin now are reported: others are not measured. */
  readonly isActive: () => boolean;
  /** A call begins; called with each one, also with one that is rejected. */
  started(start: CallStart): void;
  /** A call has its final status, or its connection has ended. */
  ended(record: CallRecord): void;
}
