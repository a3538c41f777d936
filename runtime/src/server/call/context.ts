import type { Logger } from "../../base/log.js";
import type { Peer } from "../../base/peer.js";
import type { ErrorStatus } from "../../contract/status.js";
import type { ConnectedClient } from "./connected-client.js";

declare global {
  namespace Sshrpc {
    /**
     * What interceptors add to the context of every call. It is empty; a program adds its own members:
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
 * What a handler knows of its call beside the request. `Errors` maps each declared status to its details; `Callbacks`
 * has the methods that the schema declares for the connecting side.
 */
export interface Context<Errors = unknown, Callbacks = undefined> extends Sshrpc.ContextExtension {
  /** The id of the method that was called, such as `GET /notes/{id}`. */
  readonly method: string;
  /** Aborts when the caller cancels, the deadline passes or the connection is lost; its reason is an RpcError. */
  readonly signal: AbortSignal;
  /** When the call must have its status, in milliseconds since the epoch; Infinity for a stream that nobody limits. */
  readonly deadline: number;
  /** The headers of the call: lower-case names, each with its values in order. */
  readonly metadata: ReadonlyMap<string, readonly string[]>;
  /** Who is calling, as far as it was proven. */
  readonly peer: Peer;
  /** Who is connected to this server at this moment, the caller among them, each with what it serves in turn. */
  readonly clients: readonly ConnectedClient<Callbacks>[];
  /** Calls the peer over this connection; undefined where the schema declares no callbacks. */
  readonly callbacks: Callbacks;
  /** Logs with the call's method and peer attached. */
  readonly log: Logger;
  /** Adds a header to the answer. @throws Error once the first item is sent; RpcError where it is malformed or too much */
  setHeader(name: string, value: string): void;
  /** Adds a trailer, which comes with the status. @throws RpcError where it is malformed or too much */
  setTrailer(name: string, value: string): void;
  /** Ends the call with a status that the schema declares, and its details. */
  fail<Status extends keyof Errors & ErrorStatus>(status: Status, details: Errors[Status], message?: string): never;
  /** Ends the call with any other status. */
  fail(status: Exclude<ErrorStatus, keyof Errors>, details?: unknown, message?: string): never;
}
