import type { Duplex } from "node:stream";
import { isLive } from "../base/observer/combine-observers.js";
import type { Observer } from "../base/observer/observer.js";
import type { Peer } from "../base/peer.js";
import { algorithmsOf } from "../base/transport.js";
import type { Connection } from "../wire/connection.js";
import type { CallReports } from "./call/observed-call.js";

const SERVER: Peer = { user: "server", scopes: ["*"] };

/** The peer of a client's calls, and of the calls that it sends: it has proven its host key. */
export function serverPeer(address: string, duplex: Duplex): Peer {
  return {
    ...SERVER,
    address,
    get algorithms() {
      return algorithmsOf(duplex);
    },
  };
}

/** Reports each connection from its HELLO to its end, and keeps the server at its other end. */
export function observed(
  observer: Observer,
  servers: WeakMap<Connection, Peer>,
): (connection: Connection, server: Peer) => void {
  return (connection, server) => {
    servers.set(connection, server);
    const opened = (): void => {
      const start = performance.now();
      const { address, algorithms } = server;
      observer.connectionOpened?.({ address, ...(algorithms && { algorithms }) });
      void connection.closed.then(({ message }) => {
        const milliseconds = performance.now() - start;
        observer.connectionClosed?.({ address, reason: message, milliseconds });
      });
    };
    connection.ready.then(opened, () => undefined);
  };
}

/** Where calls are reported; undefined where no observer receives them. */
export function callReports(observer: Observer, servers: WeakMap<Connection, Peer>): CallReports | undefined {
  if (!isLive(observer) && !receivesCalls(observer)) return undefined;
  return {
    observer,
    isActive: () => receivesCalls(observer),
    peerOf: (connection) => (connection && servers.get(connection)) ?? SERVER,
  };
}

/** Where the callbacks of a peer are reported; undefined where no observer receives them. */
export function callbackReports(observer: Observer, peer: Peer): CallReports | undefined {
  if (!isLive(observer) && !receivesCalls(observer)) return undefined;
  return { observer, isActive: () => receivesCalls(observer), peerOf: () => peer, callback: true };
}

function receivesCalls({ callStarted, callEnded, callRetried, injectHeaders }: Observer): boolean {
  return (callStarted ?? callEnded ?? callRetried ?? injectHeaders) !== undefined;
}
