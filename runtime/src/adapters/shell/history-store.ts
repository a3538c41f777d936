import type { Peer } from "../../base/peer.js";
import { MAX_HISTORY } from "../console/terminal-console.js";

/** How many peers' lines are kept: those of whoever was away longest go first. */
const MAX_PEERS = 256;

/** What peers have typed, for as long as the process lives: at most 200 lines of each. */
export class HistoryStore {
  readonly #byPeer = new Map<string, string[]>();

  /** The lines of a peer, the latest first: whoever gets them adds to them. */
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
