import { errorMessage } from "../../base/error-message.js";
import { MAX_TIMEOUT } from "../../base/max-timeout.js";
import type { Codec, EncodedValue } from "../../codec/codec.js";
import { RpcError } from "../../contract/rpc-error.js";

/** What a schema lets pass as any value may still hold what JSON cannot carry. @throws RpcError BAD_REQUEST */
export function encodeRequest(request: unknown, codec: Codec): EncodedValue {
  try {
    return codec.encode(request);
  } catch (error) {
    const [reason] = errorMessage(error).split("\n");
    throw new RpcError("BAD_REQUEST", `the request cannot be encoded: ${reason}`, { cause: error });
  }
}

/** @throws RpcError BAD_REQUEST where it is no signal, CANCELLED where it has aborted already */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  if (typeof signal?.addEventListener !== "function") {
    throw new RpcError(
      "BAD_REQUEST",
      `signal is no AbortSignal: it is ${signal === null ? "null" : `a ${typeof signal}`}`,
    );
  }
  if (signal.aborted) throw cancelled(signal);
}

/** What a call ends with whose signal aborts. */
export function cancelled(signal: AbortSignal): RpcError {
  return new RpcError("CANCELLED", "the caller cancelled the call", { cause: signal.reason });
}

/** @throws RpcError BAD_REQUEST where it is no time, DEADLINE_EXCEEDED where it is over already */
export function checkTimeout(timeout: number): number {
  if (typeof timeout !== "number" || !(timeout <= MAX_TIMEOUT)) {
    throw new RpcError("BAD_REQUEST", `timeout is ${timeout}; it is in milliseconds, at most ${MAX_TIMEOUT}`);
  }
  if (timeout <= 0) throw new RpcError("DEADLINE_EXCEEDED", `the deadline had passed already (timeout: ${timeout} ms)`);
  return timeout;
}
