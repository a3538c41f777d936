import type { Excess } from "../../../base/accounts/quotas.js";
import type { SshAlgorithms } from "../../../base/peer.js";

/** What an authentication uses of its connection; the functions that end it are called with the reason for the log. */
export interface ConnectionControl {
  /** What the connection has negotiated. */
  readonly algorithms: () => SshAlgorithms | undefined;
  /** Sends SSH_MSG_DISCONNECT with the reason first. */
  readonly disconnect: (reason: string) => void;
  /** Ends a connection whose access is revoked: nothing more is read from the peer. */
  readonly revoke: (reason: string) => void;
  /** Sends SSH_MSG_DISCONNECT with the reason, and closes the connection: there are too many. */
  readonly refuse: (reason: string) => void;
  /** Sends SSH_MSG_DISCONNECT with the reason, and closes the connection: an operator wants it. */
  readonly close: (reason: string) => void;
  /** Bytes of its transport so far. */
  readonly traffic: () => { readonly bytesIn: number; readonly bytesOut: number };
}

/** Why a connection has no place, for its peer. */
export function describePlaces({ level, limit }: Excess): string {
  if (level === "server")
    return `the server has ${limit} connections (maxConnections), and this key has its share of them`;
  return `this key has ${limit} connections (${level === "key" ? "perKey.connections" : "its limits"})`;
}

/** Why a connection has had too many authentication requests, some of which may have been denied keys. */
export function describeRequests(requests: number, deniedKeys: number): string {
  return deniedKeys > 0
    ? `${requests} authentication requests, ${deniedKeys} of them keys that may not log in; offer fewer keys (IdentitiesOnly)`
    : `${requests} authentication requests`;
}
