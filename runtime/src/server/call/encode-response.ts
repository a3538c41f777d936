import { describeIssues, issuesOf } from "../../codec/issues.js";
import { encodeJson } from "../../codec/json.js";
import type { Method } from "../../contract/method.js";
import { checkSize } from "../../wire/message-size.js";

/**
 * Validates what a handler answers with, and gives it as JSON text; no text where the method has no response. A handler of a
 * method that answers null need not say so.
 * @param limit bytes of a message that both sides take
 * @throws Error where it is not what the contract says; RpcError MESSAGE_TOO_LARGE
 */
export function encodeResponse(value: unknown, { response: validator }: Method, limit: number): string {
  if (validator === undefined) return "";
  const response = value === undefined ? null : value;
  if (!validator(response)) {
    throw new Error(`the handler's response does not fit the contract: ${describeIssues(issuesOf(validator))}`);
  }
  const body = encodeJson(response);
  checkSize(body, limit, "response");
  return body;
}
