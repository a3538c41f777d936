import { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import { Backoff } from "./backoff.js";
import type { ConnectionSource } from "./connection-source.js";

/** A source with one existing connection, which is not re-established when it ends. */
export class OneConnection implements ConnectionSource {
  readonly retries = 0;
  readonly backoff = new Backoff({});
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get error(): RpcError | undefined {
    return this.#connection.refusal;
  }

  connection(): Connection | undefined {
    return this.#connection.open ? this.#connection : undefined;
  }

  wait(): never {
    throw this.error ?? new RpcError("UNAVAILABLE", "the peer accepts no calls");
  }

  forget(): void {}
}
