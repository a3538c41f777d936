import { RpcError } from "../contract/rpc-error.js";
import { errorStatus } from "../contract/status.js";

/** The body of an error in a STATUS frame. A stack, a cause or a method is never sent. */
export function encodeErrorBody(error: RpcError): string {
  return JSON.stringify({ message: error.message, details: error.details });
}

/** Makes the error of a STATUS frame. A malformed body loses its message and details, never its status. */
export function decodeError(code: number, body: unknown, method: string | undefined): RpcError {
  const { message, details } = isErrorObject(body) ? body : {};
  const status = errorStatus(code);
  // The types of callers promise issues, also where the request could not be decoded.
  const issues = status === "BAD_REQUEST" && details === undefined ? { issues: [] } : details;
  const error = new RpcError(status, typeof message === "string" ? message : undefined, {
    details: issues,
    method,
    code,
  });
  // The frames are those of a listener of the connection: they say nothing. The caller's are added where its promise rejects.
  error.stack = String(error);
  return error;
}

function isErrorObject(value: unknown): value is { readonly message?: unknown; readonly details?: unknown } {
  return typeof value === "object" && value !== null;
}
