import { errorMessage } from "../../base/error-message.js";
import { printable } from "../../base/printable.js";
import { checkAnswer } from "../../codec/check.js";
import type { BytesView, Codec } from "../../codec/codec.js";
import type { Method, Validator } from "../../contract/method.js";
import { type BadRequestDetails, RpcError } from "../../contract/rpc-error.js";
import { isAlsoOfRuntime, STATUSES } from "../../contract/status.js";

/**
 * The response of a status frame with this body; undefined where a stream ends without one.
 * @throws RpcError the error that it carries, or INTERNAL where it is not what the contract says
 */
export function readAnswer(method: Method, code: number, body: BytesView, codec: Codec): unknown {
  const { id, response, errors } = method;
  if (code === STATUSES.OK) {
    if (response === undefined) return undefined;
    const value = decodeAnswer(method, body, codec);
    checkAnswer(value, response, "response", id);
    return value;
  }
  const error = codec.decodeError(code, body, id);
  const details = errors?.[error.status];
  if (details !== undefined && !isRuntimes(error)) checkDetails(error, details, id);
  throw error;
}

/** No body is no value, which only a stream may end with. */
function decodeAnswer({ responseItem }: Method, body: BytesView, codec: Codec): unknown {
  if (body.start === body.end && responseItem !== undefined) return undefined;
  try {
    return codec.decode(body);
  } catch (error) {
    throw new RpcError("INTERNAL", `the server's response: ${errorMessage(error)}`);
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
