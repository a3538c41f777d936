import type { Peer } from "../../base/peer.js";
import type { ItemKind } from "../../wire/hello.js";
import type { ConnectedClient } from "./connected-client.js";
import type { DispatchConfig } from "./dispatch-config.js";

/** The other end of a connection, as the one who answers its calls knows it. */
export interface Caller {
  readonly peer: Peer;
  /** Bytes of a message that both sides take. */
  readonly maxMessage: number;
  /** What it takes the items of streams for, where it has no contract. */
  readonly items?: ItemKind | undefined;
  /** The generated client of what the peer serves in turn; undefined where it serves nothing. */
  readonly callbacks: unknown;
  /** Everybody who is connected to the same server, this one among them. */
  readonly clients: () => readonly ConnectedClient<unknown>[];
  /** How its calls are answered. */
  readonly config: DispatchConfig;
}
