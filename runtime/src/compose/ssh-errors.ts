import { isTimeout } from "../base/async/with-signal.js";
import { toBadRequest } from "../contract/option-errors.js";
import { RpcError } from "../contract/rpc-error.js";
import type { ErrorStatus } from "../contract/status.js";
import { SshError, type SshErrorKind } from "../ssh/ssh-error.js";

const STATUSES: Readonly<Record<SshErrorKind, ErrorStatus>> = {
  unavailable: "UNAVAILABLE",
  unauthenticated: "UNAUTHENTICATED",
  cancelled: "CANCELLED",
  "bad-request": "BAD_REQUEST",
  "not-found": "NOT_FOUND",
  forbidden: "FORBIDDEN",
  conflict: "CONFLICT",
  "too-large": "MESSAGE_TOO_LARGE",
  exhausted: "RESOURCE_EXHAUSTED",
  unimplemented: "UNIMPLEMENTED",
};

/**
 * Converts an SshError, with its status, message and cause, or an invalid option to an RpcError; returns any other value
 * unchanged. An abort by `AbortSignal.timeout` is DEADLINE_EXCEEDED.
 */
export function toRpcError<T>(error: T): T | RpcError {
  if (!(error instanceof SshError)) return toBadRequest(error);
  const { kind, message, cause } = error;
  const isLate = kind === "cancelled" && isTimeout(cause);
  return new RpcError(isLate ? "DEADLINE_EXCEEDED" : STATUSES[kind], message, { cause: toRpcError(cause) });
}
