import type { Peer } from "../../base/peer.js";

/** A client of a server, as the server sees it. */
export interface ConnectedClient<Callbacks = undefined> {
  readonly peer: Peer;
  /** Calls the client over the connection that it dialled; undefined where the schema declares no callbacks. */
  readonly callbacks: Callbacks;
}
