import type { Result } from "../../contract/result.js";
import type { RpcError } from "../../contract/rpc-error.js";

/** How a call went, as a value. */
export function toResult(response: Promise<unknown>): Promise<Result<unknown, RpcError>> {
  return response.then(
    (value) => ({ ok: true, value }),
    (error: RpcError) => ({ ok: false, error }),
  );
}
