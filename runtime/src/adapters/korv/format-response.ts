import type { RpcError } from "../../contract/rpc-error.js";
import type { RequestId } from "./parse-request.js";

/** The JSON text of a successful response. @param body its JSON text */
export function formatResponse(requestId: RequestId, body: string): string {
  return envelope(requestId, 200, body);
}

/**
 * The JSON text of an error response. korv answers an unknown resource or verb with 404 and the body null. The details that
 * the contract declares for NOT_FOUND are in `error` beside the body: korv's client ignores them, the client of this package
 * reads them.
 */
export function formatError(requestId: RequestId, { status, code, message, details }: RpcError): string {
  if (status === "METHOD_NOT_ALLOWED") return envelope(requestId, 404, "null");
  if (status !== "NOT_FOUND") return envelope(requestId, code, JSON.stringify({ message, details }));
  return envelope(
    requestId,
    code,
    "null",
    details === undefined ? "" : `,"error":${JSON.stringify({ message, details })}`,
  );
}

/** The response's own id is the time in seconds, as in korv. */
function envelope(requestId: RequestId, code: number, body: string, error = ""): string {
  return `{"id":${Date.now() / 1000},"request_id":${JSON.stringify(requestId)},"code":${code},"body":${body}${error}}`;
}
