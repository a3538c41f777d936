import { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import type { WaitingCall } from "../connection/connection-source.js";
import { OneConnection } from "../connection/one-connection.js";
import type { DriftCheck } from "./drift-check.js";

/** A source with one connection, whose calls wait until the contracts of its two sides are compared. */
export class ComparedConnection extends OneConnection {
  readonly #maxWaiting: number;
  readonly #waiting = new Set<WaitingCall>();
  #isCompared = false;

  /** @param maxWaiting number of calls that may wait */
  constructor(connection: Connection, check: DriftCheck, maxWaiting: number) {
    super(connection);
    this.#maxWaiting = maxWaiting;
    void check.compare(connection).then(() => this.#sendWaiting());
  }

  override connection(): Connection | undefined {
    return this.#isCompared ? super.connection() : undefined;
  }

  override wait(call: WaitingCall): void {
    if (this.#isCompared || this.error !== undefined) super.wait(call);
    if (this.#waiting.size >= this.#maxWaiting) {
      const message = `${this.#maxWaiting} calls wait until the contracts are compared (limits.queuedCalls)`;
      throw new RpcError("RESOURCE_EXHAUSTED", message);
    }
    this.#waiting.add(call);
  }

  override forget(call: WaitingCall): void {
    this.#waiting.delete(call);
  }

  #sendWaiting(): void {
    this.#isCompared = true;
    for (const call of this.#waiting) {
      const connection = super.connection();
      if (connection !== undefined) call.connected(connection);
      else call.unconnected(this.error ?? new RpcError("UNAVAILABLE", "the peer accepts no calls"));
    }
    this.#waiting.clear();
  }
}
