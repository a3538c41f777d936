import type { Duplex } from "node:stream";
import { receiverCheck } from "../base/observer/live-observer.js";
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

/** The events of the calls of a client. */
const CALLS = ["callStarted", "callEnded", "callRetried", "injectHeaders"] as const;

/** Where calls are reported; undefined where no observer ever receives them. */
export function callReports(observer: Observer, servers: WeakMap<Connection, Peer>): CallReports | undefined {
  const isActive = receiverCheck(observer, CALLS);
  if (isActive === undefined) return undefined;
  return { observer, isActive, peerOf: (connection) => (connection && servers.get(connection)) ?? SERVER };
}

/** Where the callbacks of a peer are reported; undefined where no observer ever receives them. */
export function callbackReports(observer: Observer, peer: Peer): CallReports | undefined {
  const isActive = receiverCheck(observer, CALLS);
  return isActive && { observer, isActive, peerOf: () => peer, callback: true };
}
