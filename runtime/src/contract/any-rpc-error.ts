import type { BadRequestDetails, RpcError } from "./rpc-error.js";
import type { ErrorStatus } from "./status.js";

/** How a call can fail whose method declares no errors of its own. */
export type AnyRpcError =
  | RpcError<"BAD_REQUEST", BadRequestDetails>
  | RpcError<Exclude<ErrorStatus, "BAD_REQUEST">, unknown>;
