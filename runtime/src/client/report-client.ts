import type { Observer } from "../base/observer/observer.js";
import type { Peer } from "../base/peer.js";
import type { Connection } from "../wire/connection.js";
import type { CallReports } from "./call/observed-call.js";

/** The peer of a client's calls, as its callbacks see it: it has proven its host key. */
const SERVER: Peer = { user: "server", scopes: ["*"] };

/** Reports each connection from its HELLO to its end, and keeps the server at its other end. */
export function observed(
  observer: Observer,
  servers: WeakMap<Connection, Peer>,
): (connection: Connection, address: string) => void {
  return (connection, address) => {
    servers.set(connection, { ...SERVER, address });
    const opened = (): void => {
      const start = performance.now();
      observer.connectionOpened?.({ address });
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
  const { callStarted, callEnded, callRetried } = observer;
  if ((callStarted ?? callEnded ?? callRetried) === undefined) return undefined;
  return { observer, peerOf: (connection) => (connection && servers.get(connection)) ?? SERVER };
}
