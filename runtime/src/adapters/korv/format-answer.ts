import type { RpcError } from "../../contract/rpc-error.js";
import type { RequestId } from "./parse-request.js";

/** The JSON text of an answer. Its own id is the time of day in seconds, as korv has it. @param error what only we say */
export function formatAnswer(requestId: RequestId, code: number, body: unknown, error?: object): string {
  return JSON.stringify({ id: Date.now() / 1000, request_id: requestId, code, body, error });
}

/**
 * The JSON text of a failure. korv answers whatever it does not find with 404 and nothing, also a verb. What a contract
 * promises to say of NOT_FOUND stands beside the body, where korv's client overlooks it and ours does not.
 */
export function formatFailure(requestId: RequestId, { status, code, message, details }: RpcError): string {
  if (status === "METHOD_NOT_ALLOWED") return formatAnswer(requestId, 404, null);
  if (status !== "NOT_FOUND") return formatAnswer(requestId, code, { message, details });
  return formatAnswer(requestId, code, null, details === undefined ? undefined : { message, details });
}
