import { OptionError } from "../base/check-options.js";
import { RpcError } from "./rpc-error.js";

/** Converts an invalid option to the RpcError BAD_REQUEST that public functions throw; returns any other value unchanged. */
export function toBadRequest<T>(error: T): T | RpcError {
  if (!(error instanceof OptionError)) return error;
  return new RpcError("BAD_REQUEST", error.message, { cause: error });
}

/** Calls a check of options. @throws RpcError BAD_REQUEST for an invalid one */
export function checkedOptions<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw toBadRequest(error);
  }
}
