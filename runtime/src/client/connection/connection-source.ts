import type { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import type { Backoff } from "./backoff.js";

/** A call that waits for a connection. Exactly one of the two methods is called, once, unless the call is forgotten first. */
export interface WaitingCall {
  /** Whether the call may be sent on a connection. */
  accepts(connection: Connection): boolean;
  /** Sends the call on `connection`. It must not throw. */
  connected(connection: Connection): void;
  /** Fails the call: no connection is being established. */
  unconnected(error: RpcError): void;
}

/** Gives calls the connection that they are sent on. */
export interface ConnectionSource {
  /** Maximum number of retries of one call. */
  readonly retries: number;
  /** Backoff before a retry on a connection that is still open. */
  readonly backoff: Backoff;
  /** The error of the last connection or attempt. */
  readonly error: RpcError | undefined;
  /** A connection that accepts calls, and that `call` accepts; undefined where there is none now. Default: any connection. */
  connection(call?: WaitingCall): Connection | undefined;
  /** Queues a call. @throws RpcError where no connection is being established, or where the queue is full */
  wait(call: WaitingCall): void;
  /** Removes a call from the queue. */
  forget(call: WaitingCall): void;
}
