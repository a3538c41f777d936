import type { Attributes } from "@opentelemetry/api";
import { readPort, splitHostPort } from "../../base/net/host-port.js";
import type { CallEnded, CallEvent } from "../../base/observer/observer.js";
import { printable } from "../../base/printable.js";
import { STATUSES, type StatusName } from "../../contract/status.js";

// The stable semantic conventions for RPC, version 1.45: https://opentelemetry.io/docs/specs/semconv/rpc/

/** The value of `rpc.system.name`. */
export const SYSTEM = "sshrpc";

/** The `rpc.method` of every method that the contract does not have. */
const OTHER = "_OTHER";

/** Characters of the name of an unknown method, which its caller chooses. */
const MAX_ORIGINAL = 256;

/** Attributes of spans and metrics. Their values are of the contract: bounded in number. */
export function methodAttributes({ method, unknown }: Pick<CallEvent, "method" | "unknown">): Attributes {
  return { "rpc.system.name": SYSTEM, "rpc.method": unknown ? OTHER : method };
}

/** The status, and the class of the error for a call that failed. */
export function statusAttributes({ status, side }: Pick<CallEnded, "status" | "side">): Attributes {
  return { "rpc.status_code": status, ...(isFailure(status, side) && { "error.type": status }) };
}

/**
 * Whether a status is an error of this side: for a caller each but OK, for a callee those that are its own fault, as NOT_FOUND is
 * not.
 */
export function isFailure(status: string, side: CallEvent["side"]): boolean {
  return side === "client" ? status !== "OK" : STATUSES[status as StatusName] >= STATUSES.INTERNAL;
}

/** What the start of a span says. */
export function startAttributes(call: CallEvent): Attributes {
  const { method, unknown, deprecated, callback, peer } = call;
  return {
    ...methodAttributes(call),
    "network.protocol.name": "ssh",
    ...(unknown && { "rpc.method_original": printable(method, MAX_ORIGINAL) }),
    ...(deprecated && { "sshrpc.deprecated": true }),
    ...(callback && { "sshrpc.callback": true }),
    ...(peer.connectionId !== undefined && { "sshrpc.connection.id": peer.connectionId }),
    ...(call.side === "server" && addressAttributes("client", peer.address)),
  };
}

/** What the end of a span adds. */
export function endAttributes(call: CallEnded): Attributes {
  const { side, peer, bytesIn, bytesOut, itemsIn, itemsOut, refused } = call;
  return {
    ...statusAttributes(call),
    ...(side === "client" && addressAttributes("server", peer.address)),
    "sshrpc.received.bytes": bytesIn,
    "sshrpc.received.items": itemsIn,
    "sshrpc.sent.bytes": bytesOut,
    "sshrpc.sent.items": itemsOut,
    ...(refused && { "sshrpc.refused": true }),
  };
}

/** `ssh://alice@edge:8022` or `192.0.2.7:50122`, as `server.address` and `server.port`, or those of the client. */
export function addressAttributes(end: "client" | "server", address: string | undefined): Attributes {
  if (address === undefined) return {};
  const { host, port } = splitHostPort(address.replace(/^ssh:\/\/(?:[^@/]*@)?/, "")) ?? {
    host: address,
    port: undefined,
  };
  const number = readPort(port);
  return { [`${end}.address`]: host, ...(number !== undefined && { [`${end}.port`]: number }) };
}
