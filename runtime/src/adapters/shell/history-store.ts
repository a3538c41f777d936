import type { Peer } from "../../base/peer.js";
import { MAX_HISTORY } from "../console/terminal-console.js";

/** Peers whose lines are kept; the least recent is dropped first. */
export const MAX_PEERS = 256;

/** The command history of each peer, in memory: at most 200 lines. */
export class HistoryStore {
  readonly #byPeer = new Map<string, string[]>();

  /** The lines of a peer, latest first; the shell adds to the array. */
  of({ user, fingerprint }: Peer): string[] {
    const key = `${fingerprint ?? ""} ${user}`;
    const lines = this.#byPeer.get(key) ?? [];
    lines.length = Math.min(lines.length, MAX_HISTORY);
    this.#byPeer.delete(key);
    this.#byPeer.set(key, lines);
    const [oldest] = this.#byPeer.keys();
    if (this.#byPeer.size > MAX_PEERS && oldest !== undefined) this.#byPeer.delete(oldest);
    return lines;
  }
}
