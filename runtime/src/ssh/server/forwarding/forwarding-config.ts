import type { Socket } from "node:net";
import type { Connection } from "ssh2";
import type { Logger } from "../../../base/log.js";
import type { Peer } from "../../../base/peer.js";
import type { ChannelConfig } from "../../ssh2/channels/channel-duplex.js";
import type { ChannelHandlers } from "../channel-handlers.js";
import type { ForwardingRules } from "./forwarding-rules.js";

/** What everything that is forwarded on one connection belongs to. */
export interface ForwardingConfig {
  readonly connection: Connection;
  readonly socket: Socket;
  /** Who asks; undefined before it is proven. */
  readonly peer: () => Peer | undefined;
  /** The error of a channel whose connection went away. */
  readonly lost: () => Error;
  readonly ways: ChannelHandlers;
  readonly forwarding: ForwardingRules;
  /** Its lines say whose connection it is. */
  readonly log: Logger;
}

/** What the channels of that connection run on. */
export function channelConfig({ connection, socket, lost }: ForwardingConfig): ChannelConfig {
  return { connection, socket, lost, server: true };
}
