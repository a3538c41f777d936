import type { Peer } from "../../base/peer.js";
import type { EncodedJson } from "../../codec/encoded-json.js";
import type { Method } from "../../contract/method.js";
import type { ItemKind } from "../../wire/hello.js";
import type { ItemSource } from "../../wire/iterator-of.js";
import type { Metadata } from "../../wire/metadata.js";
import type { Ledger } from "../ledger/ledger.js";
import type { LocalItem } from "./local-response.js";

/** Options of a call in this process. */
export interface LocalCallOptions {
  /** The caller: its scopes apply, and its calls share one limit. */
  readonly peer: Peer;
  /** Headers of the call. Default: none. */
  readonly metadata?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** The idempotency key of a method that is not idempotent; see {@link Ledger}. Default: none. */
  readonly idempotencyKey?: string | undefined;
  /** The position of an item: the response stream begins behind it. Default: it begins with its first item. */
  readonly resumeAfter?: string | undefined;
  /** Cancels the call when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Aborts, before `signal`, where the caller is disconnected: a call with an idempotency key then goes on. Default: never. */
  readonly lost?: AbortSignal | undefined;
  /** Timeout in ms. Default: the timeout of the method; else, for a unary call, that of the server. */
  readonly timeout?: number | undefined;
  /** The request stream, for a method that takes one: values or {@link EncodedJson}; `Uint8Array` for `Bytes`. */
  readonly items?: ItemSource<unknown> | undefined;
  /** The kind of items that the caller expects, if it has no contract: a method of the other kind is refused. */
  readonly expects?: ItemKind | undefined;
}

/** A call that was made with `ApiServer.call`. */
export interface LocalCallResult {
  /** The method that was called; undefined if the reference names none. */
  readonly method: Method | undefined;
  /**
   * The items of the response stream. The handler is asked for the next one when the consumer asks; leaving the iteration
   * cancels the call. It throws the RpcError of a call that fails.
   */
  readonly items: AsyncIterableIterator<LocalItem, undefined>;
  /** The position of the item that was taken last, if its handler has marked it. */
  readonly position: string | undefined;
  /**
   * Resolves with the response; with undefined if a stream ends without one. Rejects with the RpcError of a call that
   * fails. A consumer takes the items first: a stream waits for its consumer.
   */
  readonly response: Promise<EncodedJson | undefined>;
  /** The headers of the handler; complete with the first item or the response. */
  readonly headers: Metadata;
  /** The trailers of the handler; complete with the response. */
  readonly trailers: Metadata;
  /** Cancels the call: it ends with CANCELLED. */
  cancel(): void;
}
