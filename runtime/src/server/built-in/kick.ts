import type { Observer } from "../../base/observer/observer.js";
import type { Peer } from "../../base/peer.js";
import { printable } from "../../base/printable.js";
import {
  type KickConnectionRequest,
  type Kicked,
  type KickRequest,
  MAX_KICK_REASON,
} from "../../contract/built-in/operations.js";
import { ROWS } from "../../contract/built-in/server-status.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import {
  type ConnectionSources,
  describeConnection,
  type ListedConnection,
  listConnections,
} from "./listed-connections.js";

/** Ends connections for operators. */
export interface KickConfig extends ConnectionSources {
  readonly observer: Observer;
}

/** Milliseconds between two looks whether the calls of a connection have ended. */
const LOOK = 50;

/** The names that a request may have exactly one of. */
const NAMES = ["fingerprint", "principal", "user"] as const;

/** Ends the connection with an id. @throws RpcError NOT_FOUND; BAD_REQUEST for that of the caller */
export function kickConnection(config: KickConfig, request: KickConnectionRequest, by: Peer): Kicked {
  const { id } = request;
  if (by.connectionId === id) {
    throw new RpcError("BAD_REQUEST", "this is the connection of the call itself; close it at your side");
  }
  const found = listConnections(config).filter(({ peer }) => peer.connectionId === id);
  if (found.length === 0) throw new RpcError("NOT_FOUND", `no open connection ${JSON.stringify(printable(id, 64))}`);
  return endAll(config, found, { ...request, by });
}

/** Ends the connections of a key, a principal or a user. @throws RpcError NOT_FOUND; BAD_REQUEST without exactly one name */
export function kick(config: KickConfig, request: KickRequest, by: Peer): Kicked {
  const given = NAMES.filter((name) => request[name] !== undefined);
  const [name] = given;
  if (name === undefined || given.length > 1) {
    throw new RpcError("BAD_REQUEST", `name exactly one of ${NAMES.join(", ")}`);
  }
  const found = listConnections(config).filter(({ peer }) => peer !== by && peer[name] === request[name]);
  if (found.length === 0) {
    const value = JSON.stringify(printable(request[name] ?? "", 64));
    throw new RpcError("NOT_FOUND", `no other open connection with the ${name} ${value}`);
  }
  return endAll(config, found, { ...request, by });
}

interface Kick {
  readonly by: Peer;
  readonly grace?: number;
  readonly reason?: string;
}

function endAll(config: KickConfig, found: readonly ListedConnection[], request: Kick): Kicked {
  const now = Date.now();
  // Described first: afterwards they hold nothing.
  const rows = found.slice(0, ROWS).map((connection) => describeConnection(connection, now));
  const native = nativeOf(config);
  for (const connection of found) endOne(config, { ...connection, native: native.get(connection.peer) ?? [] }, request);
  return { ended: found.length, rows, omitted: found.length - rows.length };
}

/** The connections of the native wire of each peer. */
function nativeOf(config: KickConfig): ReadonlyMap<Peer, readonly Connection[]> {
  const byPeer = new Map<Peer, Connection[]>();
  for (const [connection, { peer }] of config.native) {
    const known = byPeer.get(peer);
    if (known === undefined) byPeer.set(peer, [connection]);
    else known.push(connection);
  }
  return byPeer;
}

interface EndedConnection extends ListedConnection {
  readonly native: readonly Connection[];
}

function endOne({ observer }: KickConfig, connection: EndedConnection, { by, grace = 0, reason }: Kick): void {
  const { peer, account, native } = connection;
  const given = reason === undefined || reason === "" ? undefined : printable(reason, MAX_KICK_REASON);
  const text = ["disconnected by an operator", ...(given === undefined ? [] : [given])].join(": ");
  const { connectionId, address } = peer;
  observer.connectionKicked?.({ connectionId, address, peer, by, grace, reason: text });
  const end = (): void => {
    // Native clients get the reason with each of their calls.
    for (const one of native) void one.close(text);
    connection.end(text);
  };
  if (grace === 0) {
    end();
    return;
  }
  for (const one of native) one.drain(text);
  const until = performance.now() + grace;
  const timer = setInterval(() => {
    if (account.held("calls") > 0 && performance.now() < until) return;
    clearInterval(timer);
    end();
  }, LOOK).unref();
}
