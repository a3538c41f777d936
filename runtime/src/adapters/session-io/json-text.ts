import { describeJsonFault } from "../../codec/json-fault.js";
import { RpcError } from "../../contract/rpc-error.js";
import { overflow } from "./overflow.js";

/** Characters of a text that a message quotes. */
const EXCERPT = 20;

/**
 * Reads JSON that a person wrote.
 * @param what names it in the message, such as `the request`
 * @throws RpcError BAD_REQUEST with the place of the first mistake, or with a number that is too large for any
 */
export function readJson(text: string, what: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RpcError("BAD_REQUEST", `${what}: ${describeJsonFault(text) ?? "invalid JSON"}`, { cause: error });
  }
  const number = overflow(text);
  if (number === undefined) return value;
  const excerpt = number.length > EXCERPT ? `${number.slice(0, EXCERPT)}…` : number;
  throw new RpcError("BAD_REQUEST", `${what} holds ${excerpt}: numbers go up to ${Number.MAX_VALUE}`);
}

/** Characters that JSON leaves as they are, and that a terminal may act on. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Escapes in JSON what a terminal may act on. What it means stays the same. */
export function escapeUnsafe(json: string): string {
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
