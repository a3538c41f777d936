import type { Duplex } from "node:stream";
import type { Peer } from "../peer.js";
import type { Session } from "../session.js";

/** What a server does with the channels of peers that are proven. What is absent here is refused. */
export interface WaysIn {
  /** Takes the byte duplex of the subsystem `sshrpc`, and destroys it in the end. */
  readonly native: (duplex: Duplex, peer: Peer) => void;
  /** Runs a command line (RFC 4254, section 6.5). */
  readonly exec?: (session: Session, command: string) => void;
  /** Runs a shell. */
  readonly shell?: (session: Session) => void;
}
