import { errorMessage } from "../../base/error-message.js";
import { RpcError } from "../../contract/rpc-error.js";

/** An error as its caller should see it: an RpcError that names the method. */
export function nameMethod(error: unknown, method: string): RpcError {
  if (!(error instanceof RpcError)) {
    return new RpcError("INTERNAL", errorMessage(error), { method, cause: error });
  }
  if (error.method !== undefined) return error;
  // The types of callers promise issues, also of a call that is refused for another reason.
  const details = error.status === "BAD_REQUEST" && error.details === undefined ? { issues: [] } : error.details;
  return new RpcError(error.status, error.message, { details, method, cause: error.cause });
}
