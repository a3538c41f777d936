import { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import { Backoff } from "./backoff.js";
import type { ConnectionSource, WaitingCall } from "./connection-source.js";

/** A source with one existing connection, which is not re-established when it ends. */
export class OneConnection implements ConnectionSource {
  readonly retries: number;
  readonly backoff = new Backoff({});
  readonly #connection: Connection;

  /** @param retries maximum number of retries of one call, on this connection */
  constructor(connection: Connection, retries = 0) {
    this.#connection = connection;
    this.retries = retries;
  }

  get error(): RpcError | undefined {
    return this.#connection.refusal;
  }

  connection(): Connection | undefined {
    return this.#connection.open ? this.#connection : undefined;
  }

  wait(_call: WaitingCall): void {
    throw this.error ?? new RpcError("UNAVAILABLE", "the peer accepts no calls");
  }

  forget(_call: WaitingCall): void {}
}
