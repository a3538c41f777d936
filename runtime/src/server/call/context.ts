import type { Logger } from "../../base/log.js";
import type { Peer } from "../../base/peer.js";
import type { ErrorStatus } from "../../contract/status.js";

/** A client of a server, as the server sees it. */
export interface ConnectedClient<Callbacks = undefined> {
  readonly peer: Peer;
  /** Calls the client over its connection; undefined if the schema declares no callbacks. */
  readonly callbacks: Callbacks;
}

declare global {
  namespace Sshrpc {
    /**
     * Members that interceptors add to the context of every call. It is empty; a program declares its own:
     *
     * @example
     * declare global {
     *   namespace Sshrpc {
     *     interface ContextExtension { readonly db: Database }
     *   }
     * }
     */
    interface ContextExtension {}
  }
}

/**
 * The context of a call, beside its request. `Errors` maps each declared status to its details; `Callbacks` has the methods
 * that the schema declares for the connecting side.
 */
export interface Context<Errors = unknown, Callbacks = undefined> extends Sshrpc.ContextExtension {
  /** The id of the method, such as `GET /notes/{id}`. */
  readonly method: string;
  /**
   * Aborts when the caller cancels, the deadline passes or the connection is lost; its reason is an RpcError. A call with an
   * idempotency key goes on when its connection is lost, because its caller may ask for the outcome on another one.
   */
  readonly signal: AbortSignal;
  /** When the call times out, in milliseconds since the epoch; Infinity for a stream without a timeout. */
  readonly deadline: number;
  /** The headers of the call: lower-case names, each with its values in order. */
  readonly metadata: ReadonlyMap<string, readonly string[]>;
  /**
   * The position of the last item that the caller has taken of this stream, on a connection that was lost: the handler must send the items
   * behind it, or fail. Undefined where the stream begins with its first item. Callers choose it: `ctx.fail("PRECONDITION_FAILED")` for
   * one that is unknown, of another stream, or of the future. A handler that does not read it is never given such a call: it ends with
   * UNIMPLEMENTED. See `tracked`.
   */
  readonly resumeAfter: string | undefined;
  /**
   * The idempotency key of the call, for a handler that commits it in one transaction with its effect; undefined where the call has none,
   * and for idempotent methods.
   */
  readonly idempotencyKey: string | undefined;
  /**
   * Says, before the request stream is read, how much of it the handler has from an earlier attempt: bytes of a stream of `Bytes`, otherwise
   * items. Returns where the stream begins: there, if its caller can send it from an offset and waits for it, and 0 otherwise. Only an attempt after
   * a restart of the server needs it: while the server runs, a handler goes on with the stream of the next attempt by itself.
   * @throws Error after the first read
   */
  startAt(offset: number): number;
  /** The authenticated caller. */
  readonly peer: Peer;
  /**
   * The connected clients of this server, including the caller, each with the callbacks that it serves. Callers of adapters, such
   * as commands, are listed while a call of theirs runs.
   */
  readonly clients: readonly ConnectedClient<Callbacks>[];
  /** Calls the peer over this connection; undefined if the schema declares no callbacks. */
  readonly callbacks: Callbacks;
  /** Logs with the method and the peer of the call. */
  readonly log: Logger;
  /** Adds a response header. @throws Error after the first item was sent; RpcError if it is malformed or over the limit */
  setHeader(name: string, value: string): void;
  /** Adds a trailer, sent with the status. @throws RpcError if it is malformed or over the limit */
  setTrailer(name: string, value: string): void;
  /** Ends the call with a status that the schema declares, and its details. */
  fail<Status extends keyof Errors & ErrorStatus>(status: Status, details: Errors[Status], message?: string): never;
  /** Ends the call with any other status. */
  fail(status: Exclude<ErrorStatus, keyof Errors>, details?: unknown, message?: string): never;
}
