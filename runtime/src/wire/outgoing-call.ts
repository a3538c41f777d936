import type { RpcError } from "../contract/rpc-error.js";
import type { ItemSender } from "./item-sender.js";
import type { Metadata } from "./metadata.js";

/** A call as its caller hands it to the connection. */
export interface OutgoingCall {
  /** Set by the connection while the call has an id on the wire; 0 before. */
  id: number;
  /** The index of its method in this side's HELLO. */
  readonly method: number;
  readonly metadata: string | undefined;
  /** The request as JSON text. */
  readonly body: string;
  /** Bytes that the other side may send ahead in the response stream; absent where there is none. */
  readonly window?: number;
  /** Takes the way to send the request stream, once the call is open; absent where there is none. */
  readonly opened?: ((sender: ItemSender) => void) | undefined;
  /** Milliseconds until its deadline, asked for when the OPEN is sent; 0 where there is none. */
  remaining(): number;
  /** Headers came, at most once and before the first item. */
  headers?(metadata: Metadata): void;
  /** An item of the response stream came, as `buffer` from `start` to `end`; absent where there is no such stream. */
  readonly item?: ((buffer: Buffer, start: number, end: number) => void) | undefined;
  /**
   * Its final status came. The body is `buffer` from `start` to `end`, valid during this call only. `refused`: the other
   * side says that it never began the call.
   */
  status(code: number, metadata: Metadata, buffer: Buffer, start: number, end: number, refused: boolean): void;
  /** It ended without a status from the other side. `refused`: that side certainly never began it. */
  lost(error: RpcError, refused: boolean): void;
}
