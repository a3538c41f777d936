import { isUtf8 } from "node:buffer";
import { parseJson } from "../../codec/json.js";
import { RpcError } from "../../contract/rpc-error.js";

/**
 * Reads JSON as Python writes it: NaN and the infinities, which JSON does not have, become null.
 * @throws RpcError BAD_REQUEST that says what is wrong with the text
 */
export function parsePythonJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new RpcError("BAD_REQUEST", "invalid JSON: not UTF-8");
  const text = bytes.toString();
  return parseJson(/NaN|Infinity/.test(text) ? withoutNonNumbers(text) : text);
}

function withoutNonNumbers(text: string): string {
  let quoted = false;
  return text.replace(/\\.|"|-?(?:NaN|Infinity)/gs, (token) => {
    if (token === '"') quoted = !quoted;
    return quoted || token === '"' || token.startsWith("\\") ? token : "null";
  });
}
