import sjson from "secure-json-parse";
import { errorMessage } from "../base/error-message.js";
import { printable } from "../base/printable.js";
import { RpcError } from "../contract/rpc-error.js";

/** Writes a validated value as JSON text. @throws TypeError for what JSON cannot carry, such as a cycle */
export function encodeJson(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined && value !== undefined) throw new TypeError(`JSON cannot carry a ${typeof value}`);
  return text ?? "null";
}

/**
 * Reads the JSON text between `start` and `end`. A key that could change an object's prototype is refused, however it
 * is spelt: code behind us may copy what it is given.
 * @throws RpcError BAD_REQUEST that says what is wrong with the text
 */
export function decodeJson(buffer: Buffer, start: number, end: number): unknown {
  return parseJson(buffer.toString("utf8", start, end));
}

/** See {@link decodeJson}. */
export function parseJson(text: string): unknown {
  try {
    return sjson.parse(text);
  } catch (error) {
    throw new RpcError("BAD_REQUEST", `no JSON that can be taken: ${printable(errorMessage(error))}`);
  }
}
