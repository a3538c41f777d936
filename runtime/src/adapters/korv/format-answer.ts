import type { RpcError } from "../../contract/rpc-error.js";
import type { RequestId } from "./parse-request.js";

/** The JSON text of an answer. Its own id is the time of day in seconds, as korv has it. */
export function formatAnswer(requestId: RequestId, code: number, body: unknown): string {
  return JSON.stringify({ id: Date.now() / 1000, request_id: requestId, code, body });
}

/** The JSON text of a failure: korv answers whatever it does not find with 404 and nothing, also a verb. */
export function formatFailure(requestId: RequestId, { status, code, message, details }: RpcError): string {
  if (status === "NOT_FOUND" || status === "METHOD_NOT_ALLOWED") return formatAnswer(requestId, 404, null);
  return formatAnswer(requestId, code, { message, details });
}
