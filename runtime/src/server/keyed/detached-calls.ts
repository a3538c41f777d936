import { MAX_TIMEOUT } from "../../base/check-number.js";
import { RpcError } from "../../contract/rpc-error.js";

type Abort = (reason: RpcError) => void;

/** The calls with an idempotency key that go on without their connection. */
export class DetachedCalls {
  readonly #maxTime: number;
  /** Milliseconds that a request stream waits for its caller. */
  readonly uploadGrace: number;
  readonly #running = new Set<Abort>();
  #waiting: (() => void)[] = [];

  /** @param maxTime milliseconds after which a call without a deadline is aborted: no caller may ask for its outcome later */
  constructor(maxTime: number, uploadGrace: number) {
    this.#maxTime = Math.min(maxTime, MAX_TIMEOUT);
    this.uploadGrace = uploadGrace;
  }

  /** Adds a call. Returns the function that removes it. */
  add(abort: Abort, { hasDeadline }: { readonly hasDeadline: boolean }): () => void {
    this.#running.add(abort);
    const timer = hasDeadline ? undefined : setTimeout(() => abort(tooLong(this.#maxTime)), this.#maxTime).unref();
    return () => {
      clearTimeout(timer);
      this.#running.delete(abort);
      if (this.#running.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    };
  }

  /** Resolves when all of them have ended. */
  async drain(): Promise<void> {
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Aborts those that run. */
  stop(reason: string): void {
    for (const abort of [...this.#running]) abort(new RpcError("UNAVAILABLE", reason));
  }
}

function tooLong(time: number): RpcError {
  return new RpcError("DEADLINE_EXCEEDED", `the call had no deadline, and lost its connection ${time} ms ago`);
}
