import type { ConnectionAccount } from "../base/accounts/connection-account.js";
import type { Peer } from "../base/peer.js";
import type { Connection } from "../wire/connection.js";
import type { ConnectedClient } from "./call/context.js";

/**
 * Returns the client of the callbacks that one connection serves. Its calls are charged to the account of the call whose handler
 * makes them; without one, no limit counts them.
 */
export type ClientFor = (account: ConnectionAccount | undefined) => unknown;

/** That of an API without callbacks. */
export const NO_CALLBACKS: ClientFor = () => undefined;

/** The peer of a connection, and what it serves. */
export interface ServedPeer {
  readonly peer: Peer;
  readonly callbacks: ClientFor;
  /** When the connection was accepted, in ms since 1970. */
  readonly since: number;
}

/**
 * The connections whose HELLO has arrived, and the callers of adapters that have none.
 * @param local the callers of adapters
 */
export function connectedClients(
  connections: ReadonlyMap<Connection, ServedPeer>,
  local: readonly ConnectedClient<unknown>[],
  account: ConnectionAccount | undefined,
): readonly ConnectedClient<unknown>[] {
  const clients: ConnectedClient<unknown>[] = [];
  for (const [{ remote }, served] of connections) if (remote !== undefined) clients.push(clientOf(served, account));
  if (local.length === 0) return clients;
  const peers = new Set(clients.map(({ peer }) => peer));
  return [...clients, ...local.filter(({ peer }) => !peers.has(peer))];
}

/** A handler that only lists the peers needs none of their clients. */
function clientOf({ peer, callbacks }: ServedPeer, account: ConnectionAccount | undefined): ConnectedClient<unknown> {
  return {
    peer,
    get callbacks() {
      return callbacks(account);
    },
  };
}
