import { errorMessage } from "../../base/error-message.js";
import { printable } from "../../base/printable.js";
import { checkAnswer } from "../../codec/check.js";
import { decodeError } from "../../codec/error-body.js";
import { decodeJson, encodeJson } from "../../codec/json.js";
import type { Method, Validator } from "../../contract/method.js";
import { type BadRequestDetails, RpcError } from "../../contract/rpc-error.js";
import { isAlsoOfRuntime, STATUSES } from "../../contract/status.js";

/** What a schema accepts as any value may still contain what JSON cannot represent. @throws RpcError BAD_REQUEST */
export function encodeRequest(request: unknown): string {
  try {
    return encodeJson(request);
  } catch (error) {
    const [reason] = errorMessage(error).split("\n");
    throw new RpcError("BAD_REQUEST", `the request cannot be written as JSON: ${reason}`, { cause: error });
  }
}

/**
 * The response of a status frame whose body is `buffer` from `start` to `end`; undefined where a stream ends without one.
 * @throws RpcError the error that the frame carries, or INTERNAL where the body violates the contract
 */
export function readResponse(method: Method, code: number, buffer: Buffer, start: number, end: number): unknown {
  const { id, response, errors } = method;
  if (code === STATUSES.OK) {
    if (response === undefined) return undefined;
    const value = decodeResponse(method, buffer, start, end);
    checkAnswer(value, response, "response", id);
    return value;
  }
  const error = decodeError(code, decodeErrorBody(buffer, start, end), id);
  const details = errors?.[error.status];
  if (details !== undefined && !isOfRuntime(error)) checkDetails(error, details, id);
  throw error;
}

/** An error as its caller receives it: an RpcError that names the method. */
export function toCallError(error: unknown, method: string): RpcError {
  if (!(error instanceof RpcError)) {
    return new RpcError("INTERNAL", errorMessage(error), { method, cause: error });
  }
  if (error.method !== undefined) return error;
  // The caller's types promise issues for every BAD_REQUEST, also for one that is not a validation failure.
  const details = error.status === "BAD_REQUEST" && error.details === undefined ? { issues: [] } : error.details;
  return new RpcError(error.status, error.message, { details, method, cause: error.cause });
}

/** Only a stream may end with an empty body. */
function decodeResponse({ responseItem }: Method, buffer: Buffer, start: number, end: number): unknown {
  if (start === end && responseItem !== undefined) return undefined;
  try {
    return decodeJson(buffer, start, end);
  } catch (error) {
    throw new RpcError("INTERNAL", `the server's answer is ${errorMessage(error)}`);
  }
}

/** The status alone is enough: an undecodable body is ignored. */
function decodeErrorBody(buffer: Buffer, start: number, end: number): unknown {
  try {
    return decodeJson(buffer, start, end);
  } catch {
    return undefined;
  }
}

/** Whether the server's runtime may have sent the error: it does not know the details that the schema declares. */
function isOfRuntime({ status, details }: RpcError): boolean {
  if (status === "BAD_REQUEST") return Array.isArray((details as Partial<BadRequestDetails> | undefined)?.issues);
  return details === undefined && isAlsoOfRuntime(status);
}

/** The caller's types promise these details, so an error without them becomes INTERNAL. */
function checkDetails(error: RpcError, details: Validator, method: string): void {
  try {
    checkAnswer(error.details, details, `details of ${error.status}`, method);
  } catch (cause) {
    throw new RpcError(
      "INTERNAL",
      `the server answered ${error.status}: ${printable(error.message, 1000)}; ${errorMessage(cause)}`,
      {
        method,
        cause: error,
      },
    );
  }
}
