import type { Codec, EncodedValue } from "../../codec/codec.js";
import { describeIssues, issuesOf } from "../../codec/issues.js";
import type { Method } from "../../contract/method.js";
import { checkSize } from "../../wire/limits.js";

/**
 * Validates what a handler answers with, and gives it as JSON text; no text where the method has no response. A handler of a
 * method that answers null need not say so.
 * @param limit bytes of a message that both sides take
 * @throws Error where it is not what the contract says; RpcError MESSAGE_TOO_LARGE
 */
export function encodeResponse(
  value: unknown,
  { response: validator }: Method,
  codec: Codec,
  limit: number,
): EncodedValue {
  if (validator === undefined) return "";
  const response = value === undefined ? null : value;
  if (!validator(response)) {
    throw new Error(`the handler's response does not fit the contract: ${describeIssues(issuesOf(validator))}`);
  }
  const body = codec.encode(response);
  checkSize(body, limit, "response");
  return body;
}
