import type { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import type { Backoff } from "./backoff.js";

/** A call that waits for a connection. Exactly one of the two is called, once, unless it is forgotten before. */
export interface WaitingCall {
  /** Takes the connection. It must not throw. */
  connected(connection: Connection): void;
  /** None will come by itself. */
  unconnected(error: RpcError): void;
}

/** Where calls find the connection that they are sent on. */
export interface ConnectionSource {
  /** How often one call may be sent again. */
  readonly retries: number;
  /** How long a call waits before it is sent again on a connection that goes on. */
  readonly backoff: Backoff;
  /** Why there is no connection, as far as it is known. */
  readonly error: RpcError | undefined;
  /** A connection that takes calls; undefined where there is none at this moment. */
  connection(): Connection | undefined;
  /** Lets a call wait for one. @throws RpcError where none will come by itself, or where too many wait already */
  wait(call: WaitingCall): void;
  /** Forgets a call that waits. */
  forget(call: WaitingCall): void;
}
