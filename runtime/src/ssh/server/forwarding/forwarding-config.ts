import type { Socket } from "node:net";
import type { Connection } from "ssh2";
import type { ServerAccount } from "../../../base/accounts/server-account.js";
import type { ConnectionEvent, Observer } from "../../../base/observer/observer.js";
import type { Peer } from "../../../base/peer.js";
import type { ChannelConfig } from "../../ssh2/channels/channel-duplex.js";
import type { PacketChannel } from "../../ssh2/channels/packet-channel.js";
import type { DirectTcpip } from "./forwarding-options.js";
import type { ForwardingRules } from "./forwarding-rules.js";

/** Decides whether it serves a direct-tcpip channel of a peer, and if so, returns the function that serves it. */
export type DirectTcpipHandler = (request: DirectTcpip, peer: Peer) => ((channel: PacketChannel) => void) | undefined;

/** What the forwarding of one connection needs. */
export interface ForwardingConfig {
  readonly connection: Connection;
  readonly socket: Socket;
  /** The authenticated peer; undefined before. */
  readonly peer: () => Peer | undefined;
  /** The error of a channel whose connection was lost. */
  readonly lost: () => Error;
  /** Counts what the peer holds. */
  readonly accounts: ServerAccount;
  readonly forwarding: ForwardingRules;
  readonly observer: Observer;
  /** The connection of its events. */
  readonly about: () => ConnectionEvent;
}

/** The configuration of the connection's channels. */
export function channelConfig(
  config: Pick<ForwardingConfig, "connection" | "socket" | "peer" | "lost" | "accounts">,
): ChannelConfig {
  const { connection, socket, lost, accounts } = config;
  const peer = config.peer();
  return { connection, socket, lost, server: true, account: peer && accounts.of(peer) };
}
