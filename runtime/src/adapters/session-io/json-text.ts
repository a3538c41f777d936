import { EncodedJson } from "../../codec/encoded-json.js";
import { jsonFault } from "../../codec/json-fault.js";
import { RpcError } from "../../contract/rpc-error.js";
import { overflow } from "./overflow.js";

/** Characters of a text that a message quotes. */
const EXCERPT = 20;

/**
 * Parses JSON that a user wrote.
 * @param what names the text in messages, such as `the request`
 * @throws RpcError BAD_REQUEST with the position of the first fault, or with a number that is larger than a double
 */
export function readJson(text: string, what: string): EncodedJson {
  const json = new EncodedJson(text, what);
  if (text.trim() === "") throw new RpcError("BAD_REQUEST", `${what}: empty; expected JSON`);
  try {
    void json.value;
  } catch (error) {
    throw new RpcError("BAD_REQUEST", `${what}: ${(error as RpcError).message}`, { cause: error });
  }
  const number = overflow(text);
  if (number === undefined) return json;
  const excerpt = number.length > EXCERPT ? `${number.slice(0, EXCERPT)}…` : number;
  throw new RpcError("BAD_REQUEST", `${what}: number out of range: ${excerpt}; the maximum is ${Number.MAX_VALUE}`);
}

/** Whether a text is JSON. */
export function isJson(text: string): boolean {
  return jsonFault(text) === undefined;
}
