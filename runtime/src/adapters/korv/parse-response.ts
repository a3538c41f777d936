import { decodeError } from "../../codec/error-body.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { STATUSES } from "../../contract/status.js";
import { isJsonObject, parsePythonJson } from "./python-json.js";

/** The response of a korv server to one request. */
export interface KorvResponse {
  readonly requestId: number;
  /** An HTTP number, as the handler chose it. */
  readonly code: number;
  readonly body: unknown;
  /** The details that an sshrpc server sends with a 404, whose body is null. */
  readonly error?: unknown;
}

/** Parses a message of a korv server; undefined where it names no request. @throws Error where it is malformed */
export function parseResponse(message: Buffer): KorvResponse | undefined {
  const response = parsePythonJson(message);
  if (!isJsonObject(response) || typeof response["request_id"] !== "number") return undefined;
  const { request_id: requestId, code, body = null, error } = response;
  if (typeof code !== "number") throw new RpcError("INTERNAL", "missing code");
  return { requestId, code, body, ...(error !== undefined && { error }) };
}

/**
 * The request id at the start of a message that cannot be parsed; 0, which is not the id of any request, if there is none.
 */
export function requestIdIn(head: string): number {
  return Number(/"request_id": ?(\d+(?:\.\d+)?)/.exec(head)?.[1] ?? 0);
}

/**
 * The error of a response. korv does not define the body of an error: message and details are those of the body; a body
 * without a message is the details.
 */
export function errorOf({ code, body, error = null }: KorvResponse, { id, errors }: Method): RpcError {
  const content = body ?? error ?? undefined;
  const message = isJsonObject(content) ? content["message"] : undefined;
  const details = isJsonObject(content) && typeof message === "string" ? content["details"] : content;
  const rpcError = decodeError(code, { message, details }, id);
  const hasIssues = isJsonObject(details) && Array.isArray(details["issues"]);
  if (rpcError.status !== "BAD_REQUEST" || errors?.BAD_REQUEST !== undefined || hasIssues) return rpcError;
  // Unless the schema declares others, the details of a BAD_REQUEST are issues; those of other codes are kept beside them.
  if (code === STATUSES.BAD_REQUEST || details === undefined) return decodeError(code, { message }, id);
  return decodeError(code, { message, details: { issues: [], body: details } }, id);
}
