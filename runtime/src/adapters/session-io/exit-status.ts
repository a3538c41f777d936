import type { RpcError } from "../../contract/rpc-error.js";

/** The exit status of a command whose call failed: 4 for a 4xx, 5 for a 5xx. */
export function exitStatus({ code }: RpcError): 4 | 5 {
  return code < 500 ? 4 : 5;
}
