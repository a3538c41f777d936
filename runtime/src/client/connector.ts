import type { Peer } from "../base/peer.js";
import { AGENT } from "../base/version.js";
import { CONTRACT_METHODS, HASHES } from "../contract/built-in/built-in-api.js";
import type { Api } from "../contract/method.js";
import type { CallReceiver } from "../wire/call-frames.js";
import type { CallObserver } from "../wire/call-observer.js";
import { Connection } from "../wire/connection.js";
import type { ConnectionOptions } from "../wire/connection-options.js";
import type { ItemKind } from "../wire/hello.js";
import type { Limits } from "../wire/limits.js";
import type { ConnectConfig } from "./connection/host-connections.js";
import { serverPeer } from "./report-client.js";

/** Serves the calls of `server`, and reports them; the connection exists once a call arrives. */
export type ServeCallbacks = (
  server: Peer,
  connection: () => Connection,
) => { readonly receive: CallReceiver; readonly observer: CallObserver | undefined };

/** Starts the multiplexer on each duplex, with this side's HELLO. */
export function connector(
  api: Api,
  limits: Limits,
  serve: ServeCallbacks | undefined,
  watch: (connection: Connection, server: Peer) => void,
): ConnectConfig["connect"] {
  const hello: ConnectionOptions["hello"] = {
    agent: AGENT,
    ...(api.hash === "" ? { items: itemsOf(api) } : { api: { name: api.name, version: api.version, hash: api.hash } }),
    methods: [...api.methods, ...CONTRACT_METHODS].map(({ id }) => id),
    positions: true,
    ...(serve && { builtIn: [HASHES.id] }),
  };
  return (duplex, { address }, hooks) => {
    const server = serverPeer(address, duplex);
    const served = serve?.(server, () => connection);
    const connection: Connection = new Connection(duplex, {
      role: "dialer",
      hello,
      limits,
      peerName: `the server at ${address}`,
      ...served,
      ...hooks,
    });
    watch(connection, server);
    return connection;
  };
}

/** The item kind that a client without a contract announces. */
function itemsOf({ methods }: Api): ItemKind {
  return methods.some(({ requestItem, responseItem }) => requestItem === "bytes" || responseItem === "bytes")
    ? "bytes"
    : "json";
}
