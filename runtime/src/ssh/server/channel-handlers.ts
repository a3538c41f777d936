import type { Duplex } from "node:stream";
import type { Peer } from "../../base/peer.js";
import type { Session } from "../../base/session.js";
import type { DirectTcpipHandler } from "./forwarding/forwarding-config.js";

/** How a server serves the channels of authenticated peers. Requests without a handler are refused. */
export interface ChannelHandlers {
  /** Serves the byte duplex of the subsystem `sshrpc`, and destroys it in the end. */
  readonly native: (duplex: Duplex, peer: Peer) => void;
  /** Tells the client of the subsystem `sshrpc` why its session is denied, and destroys the duplex. Default: destroys it. */
  readonly denyNative?: (duplex: Duplex, reason: string) => void;
  /** Runs a command line (RFC 4254, section 6.5). */
  readonly exec?: (session: Session, command: string) => void;
  /** Runs a shell. */
  readonly shell?: (session: Session) => void;
  /** Serves direct-tcpip channels that forwarding does not permit. */
  readonly directTcpip?: DirectTcpipHandler;
}
