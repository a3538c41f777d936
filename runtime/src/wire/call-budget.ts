import { RpcError } from "../contract/rpc-error.js";

/** How many calls may run at the same time over all connections that share it. */
export class CallBudget {
  readonly #max: number;
  #running = 0;

  /** @param max see `limits.serverCalls` */
  constructor(max: number) {
    this.#max = max;
  }

  /** How many run. */
  get running(): number {
    return this.#running;
  }

  /** A call begins. */
  take(): void {
    this.#running += 1;
  }

  /** A call's work is done. */
  give(): void {
    this.#running -= 1;
  }

  /** Why another call would be too many, if it would: RESOURCE_EXHAUSTED. */
  excess(): RpcError | undefined {
    if (this.#running < this.#max) return undefined;
    return new RpcError("RESOURCE_EXHAUSTED", `the server runs ${this.#max} calls already (limits.serverCalls)`);
  }
}
