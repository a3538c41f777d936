import { errorMessage } from "../../base/error-message.js";
import { printable } from "../../base/printable.js";
import { checkAnswer, isMismatch, mismatch } from "../../codec/check.js";
import type { BytesView, Codec, EncodedValue } from "../../codec/codec.js";
import type { Method, Validator } from "../../contract/method.js";
import { type BadRequestDetails, RpcError } from "../../contract/rpc-error.js";
import { isRuntimeStatus, STATUSES } from "../../contract/status.js";

/** What a schema accepts as any value may still contain what the codec cannot represent. @throws RpcError BAD_REQUEST */
export function encodeRequest(request: unknown, codec: Codec): EncodedValue {
  try {
    return codec.encode(request);
  } catch (error) {
    const [reason] = errorMessage(error).split("\n");
    throw new RpcError("BAD_REQUEST", `the request cannot be encoded: ${reason}`, { cause: error });
  }
}

/**
 * The response of a status frame with this body; undefined where a stream ends without one.
 * @throws RpcError the error that the frame carries, or INTERNAL where the body violates the contract
 */
export function readResponse(method: Method, code: number, body: BytesView, codec: Codec): unknown {
  const { id, response, errors } = method;
  if (code === STATUSES.OK) {
    if (response === undefined) return undefined;
    const value = decodeResponse(method, body, codec);
    checkAnswer(value, response, "response", id);
    return value;
  }
  const error = codec.decodeError(code, body, id);
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
  const named = new RpcError(error.status, error.message, { details, method, cause: error.cause, code: error.code });
  return isMismatch(error) ? mismatch(named) : named;
}

/** Only a stream may end with an empty body. */
function decodeResponse({ responseItem }: Method, body: BytesView, codec: Codec): unknown {
  if (body.start === body.end && responseItem !== undefined) return undefined;
  try {
    return codec.decode(body);
  } catch (error) {
    throw new RpcError("INTERNAL", `the server's response: ${errorMessage(error)}`);
  }
}

/** Whether the server's runtime may have sent the error: it does not know the details that the schema declares. */
function isOfRuntime({ status, details }: RpcError): boolean {
  if (status === "BAD_REQUEST") return Array.isArray((details as Partial<BadRequestDetails> | undefined)?.issues);
  return details === undefined && isRuntimeStatus(status);
}

/** The caller's types promise these details, so an error without them becomes INTERNAL. */
function checkDetails(error: RpcError, details: Validator, method: string): void {
  try {
    checkAnswer(error.details, details, `details of ${error.status}`, method);
  } catch (cause) {
    const message = `the server answered ${error.status}: ${printable(error.message, 1000)}; ${errorMessage(cause)}`;
    throw mismatch(new RpcError("INTERNAL", message, { method, cause: error }));
  }
}
