import type { Duplex } from "node:stream";
import type { Peer } from "../../base/peer.js";
import type { Session } from "../../base/session.js";
import type { PacketChannel } from "../ssh2/channels/packet-channel.js";
import type { DirectTcpip } from "./forwarding/forwarding-options.js";

/** What a server does with the channels of peers that are proven. What is absent here is refused. */
export interface ChannelHandlers {
  /** Takes the byte duplex of the subsystem `sshrpc`, and destroys it in the end. */
  readonly native: (duplex: Duplex, peer: Peer) => void;
  /** Runs a command line (RFC 4254, section 6.5). */
  readonly exec?: (session: Session, command: string) => void;
  /** Runs a shell. */
  readonly shell?: (session: Session) => void;
  /**
   * Says whether it takes a channel of a peer that asks for a connection to somewhere, and if so, gives what takes it.
   * It is asked where forwarding is not allowed there.
   */
  readonly directTcpip?: (request: DirectTcpip, peer: Peer) => ((channel: PacketChannel) => void) | undefined;
}
