import type { ConnectionAccount } from "../../base/accounts/connection-account.js";
import type { ServerAccount } from "../../base/accounts/server-account.js";
import type { Peer } from "../../base/peer.js";
import { printable } from "../../base/printable.js";
import type { ConnectionStatus } from "../../contract/built-in/server-status.js";
import type { Connection } from "../../wire/connection.js";

/** An open connection, whichever transport it has. */
export interface ListedConnection {
  readonly peer: Peer;
  readonly account: ConnectionAccount;
  /** In ms since 1970. */
  readonly since: number;
  /** Undefined where it is unknown. */
  readonly traffic: { readonly bytesIn: number; readonly bytesOut: number } | undefined;
  /** Ends it at once. */
  readonly end: (reason: string) => void;
}

/** Where connections are found. */
export interface ConnectionSources {
  /** Has those over SSH. */
  readonly accounts: ServerAccount;
  /** Those of the native wire: channels of SSH, and others, as in memory and under sshd. */
  readonly native: ReadonlyMap<Connection, { readonly peer: Peer; readonly since: number }>;
}

/** All open connections of a server, of those that it can end. */
export function listConnections({ accounts, native }: ConnectionSources): ListedConnection[] {
  const list: ListedConnection[] = [];
  const overSsh = new Set<Peer>();
  for (const [account, { peer, since, traffic, end }] of accounts.connections) {
    overSsh.add(peer);
    list.push({ peer, account, since, traffic: traffic(), end });
  }
  for (const [connection, { peer, since }] of native) {
    if (overSsh.has(peer)) continue;
    const end = (reason: string): void => void connection.close(reason);
    list.push({ peer, account: accounts.of(peer), since, traffic: undefined, end });
  }
  return list;
}

/** The longest text of a peer, in characters. */
const MAX_TEXT = 64;

/** A connection, for operators: texts of peers are escaped, because they are shown on terminals. */
export function describeConnection({ peer, account, since, traffic }: ListedConnection, now: number): ConnectionStatus {
  const { connectionId: id, user, principal, fingerprint, keyName, address } = peer;
  const texts = { id, user, principal, fingerprint, keyName, address };
  const shown = Object.entries(texts).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, printable(text, MAX_TEXT)] as const],
  );
  return {
    ...(Object.fromEntries(shown) as Pick<ConnectionStatus, keyof typeof texts>),
    age: Math.max(0, now - since),
    calls: account.held("calls"),
    memory: account.held("bytes"),
    ...traffic,
  };
}
