import { isUtf8 } from "node:buffer";
import { parseJson } from "../../codec/json.js";
import { RpcError } from "../../contract/rpc-error.js";

/**
 * Parses JSON as Python writes it: NaN and the infinities, which JSON lacks, become null.
 * @throws RpcError BAD_REQUEST with the first error of the text
 */
export function parsePythonJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new RpcError("BAD_REQUEST", "invalid JSON: not UTF-8");
  const text = bytes.toString();
  return parseJson(/NaN|Infinity/.test(text) ? withoutNonNumbers(text) : text);
}

/** Whether a parsed value is a JSON object. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withoutNonNumbers(text: string): string {
  let quoted = false;
  return text.replace(/\\.|"|-?(?:NaN|Infinity)/gs, (token) => {
    if (token === '"') quoted = !quoted;
    return quoted || token === '"' || token.startsWith("\\") ? token : "null";
  });
}
