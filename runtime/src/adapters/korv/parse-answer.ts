import { decodeError } from "../../codec/error-body.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { parsePythonJson } from "./python-json.js";

/** What a korv server says to one request. */
export interface Answer {
  readonly requestId: number;
  /** An HTTP number, as the handler chose it. */
  readonly code: number;
  readonly body: unknown;
  /** What a server of ours says of a 404, whose body is null. */
  readonly error?: unknown;
}

/** Reads a message of a korv server; undefined where it is not the answer to a request. @throws Error where it is malformed */
export function parseAnswer(message: Buffer): Answer | undefined {
  const answer = parsePythonJson(message);
  if (!isObject(answer) || typeof answer["request_id"] !== "number") return undefined;
  const { request_id: requestId, code, body = null, error } = answer;
  if (typeof code !== "number") throw new RpcError("INTERNAL", "without a code");
  return { requestId, code, body, ...(error !== undefined && { error }) };
}

/** Whose answer a message is that cannot be read as a whole, by its beginning; 0, which is nobody's, where that says nothing. */
export function requestIdIn(head: string): number {
  return Number(/"request_id": ?(\d+(?:\.\d+)?)/.exec(head)?.[1] ?? 0);
}

/**
 * The error that an answer means. Its message is the body's, where that has one, and its details are the body's, or the
 * whole body: korv leaves open what an error says.
 */
export function failureOf({ code, body, error = null }: Answer, { id, errors }: Method): RpcError {
  const said = body ?? error ?? undefined;
  const message = isObject(said) ? said["message"] : undefined;
  const details = isObject(said) && typeof message === "string" ? said["details"] : said;
  const failure = decodeError(code, { message, details }, id);
  const hasIssues = isObject(details) && Array.isArray(details["issues"]);
  // Where the schema says nothing else, callers are promised issues.
  if (failure.status === "BAD_REQUEST" && errors?.BAD_REQUEST === undefined && !hasIssues) {
    return decodeError(code, { message }, id);
  }
  return failure;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
