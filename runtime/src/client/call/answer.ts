import { errorMessage } from "../../base/error-message.js";
import { printable } from "../../base/printable.js";
import { checkAnswer } from "../../codec/check.js";
import { decodeError } from "../../codec/error-body.js";
import { decodeJson } from "../../codec/json.js";
import type { Method, Validator } from "../../contract/method.js";
import { type BadRequestDetails, RpcError } from "../../contract/rpc-error.js";
import { isAlsoOfRuntime, STATUSES } from "../../contract/status.js";

/**
 * The response of a status frame whose body is `buffer` from `start` to `end`; undefined where a stream ends without one.
 * @throws RpcError the error that it carries, or INTERNAL where it is not what the contract says
 */
export function readAnswer(method: Method, code: number, buffer: Buffer, start: number, end: number): unknown {
  const { id, response, errors } = method;
  if (code === STATUSES.OK) {
    if (response === undefined) return undefined;
    const value = decodeAnswer(method, buffer, start, end);
    checkAnswer(value, response, "response", id);
    return value;
  }
  const error = decodeError(code, decodeErrorBody(buffer, start, end), id);
  const details = errors?.[error.status];
  if (details !== undefined && !isRuntimes(error)) checkDetails(error, details, id);
  throw error;
}

/** No body is no value, which only a stream may end with. */
function decodeAnswer({ responseItem }: Method, buffer: Buffer, start: number, end: number): unknown {
  if (start === end && responseItem !== undefined) return undefined;
  try {
    return decodeJson(buffer, start, end);
  } catch (error) {
    throw new RpcError("INTERNAL", `the server's answer is ${errorMessage(error)}`);
  }
}

/** The status counts, whatever came along with it. */
function decodeErrorBody(buffer: Buffer, start: number, end: number): unknown {
  try {
    return decodeJson(buffer, start, end);
  } catch {
    return undefined;
  }
}

/** Whether the runtime may have answered, which knows nothing of what the schema declares for handlers. */
function isRuntimes({ status, details }: RpcError): boolean {
  if (status === "BAD_REQUEST") return Array.isArray((details as Partial<BadRequestDetails> | undefined)?.issues);
  return details === undefined && isAlsoOfRuntime(status);
}

/** The caller's types promise these details, so an error without them cannot be given as what it says it is. */
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
