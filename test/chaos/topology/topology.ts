import type { Link } from "../nemesis/link.js";
import type { Node } from "../nemesis/node.js";

/** Who a client is, and how it reaches the servers. */
export interface Entrance {
  readonly user: string;
  readonly address: string;
  readonly identity: string;
  readonly knownHosts: string;
  readonly hostKeyAlias: string;
}

/**
 * The processes that serve, and the links to them. A topology opens with all of its processes ready; its owner disposes it, which
 * ends them. Its handlers keep their record as `effects.jsonl` in the directory of the run, and uploads in `uploads`.
 */
export interface Topology extends AsyncDisposable {
  /** The processes that serve. */
  readonly servers: readonly Node[];
  /** Whether their ledger outlives them, so that they may be killed. */
  readonly keepsLedger: boolean;
  /** The links that may be cut. */
  readonly links: readonly Link[];
  /** @param index of the client, from 0 */
  entrance(index: number): Entrance;
}

/** What a topology is opened with. */
export interface TopologyOptions {
  /** Gets all files of the run. */
  readonly directory: string;
  readonly clients: number;
  /** Where the servers keep the outcomes of calls. */
  readonly ledger: "file" | "memory";
  /** Milliseconds after which its processes end in any case. */
  readonly lifetime: number;
}
