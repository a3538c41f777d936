import type { Excess } from "../../base/accounts/quotas.js";
import { RpcError } from "../../contract/rpc-error.js";

/** The option of each limit, by level and resource. */
const OPTIONS = {
  connection: { connections: "", calls: "limits.calls", callbacks: "", bytes: "limits.bytes", rate: "" },
  key: {
    connections: "perKey.connections",
    calls: "perKey.calls",
    callbacks: "perKey.callbacks",
    bytes: "perKey.bytes",
    rate: "perKey.rate",
  },
  grant: {
    connections: "its limits",
    calls: "its limits",
    callbacks: "its limits",
    bytes: "its limits",
    rate: "its limits",
  },
  server: {
    connections: "maxConnections",
    calls: "limits.serverCalls",
    callbacks: "",
    bytes: "limits.serverBytes",
    rate: "",
  },
} as const;

/** The error for a call whose handler has begun: the caller must not send it again, because it may have had an effect. */
export function afterBegin(error: RpcError): RpcError {
  if (error.status !== "RESOURCE_EXHAUSTED") return error;
  return new RpcError("RESOURCE_EXHAUSTED", error.message, { cause: error });
}

/** The error of what an account does not grant: it names the limit, whose it is, its value and its option. Undefined if it does. */
export function overQuota(excess: Excess | undefined): RpcError | undefined {
  if (excess === undefined) return undefined;
  const { resource, level, limit, amount, retryAfter } = excess;
  const whose = { connection: "this connection", key: "this key", grant: "this key", server: "the server" }[level];
  const most = {
    connections: `may have ${limit} connections`,
    calls: `already runs ${limit} calls`,
    callbacks: `already has ${limit} calls of clients without an answer`,
    bytes: `may hold ${limit} bytes of memory, and this takes ${amount} more`,
    rate: `may begin ${limit} calls per second`,
  }[resource];
  const details = Number.isFinite(retryAfter) ? { details: { retryAfter } } : {};
  return new RpcError("RESOURCE_EXHAUSTED", `${whose} ${most} (${OPTIONS[level][resource]})`, details);
}
