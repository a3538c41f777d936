import type { Excess } from "../../../base/accounts/quotas.js";
import type { Peer, SshAlgorithms } from "../../../base/peer.js";

/** Where a connection comes from, and its id in the events. */
export type ConnectionSource = Required<Pick<Peer, "address" | "connectionId">>;

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

/** Offered keys are not failures; `maxAuthTries` times this is the limit of requests. */
export const REQUESTS_PER_TRY = 10;

/** Why a connection has had too many attempts. */
export function describeFailures(failures: number): string {
  return `${failures} failed authentication attempts`;
}

/** Why a connection has had too many authentication requests, some of which may have been denied keys. */
export function describeRequests(requests: number, deniedKeys: number): string {
  return deniedKeys > 0
    ? `${requests} authentication requests, ${deniedKeys} of them keys that may not log in; offer fewer keys (IdentitiesOnly)`
    : `${requests} authentication requests`;
}
