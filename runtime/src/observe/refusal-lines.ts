import { identityOf } from "../base/accounts/identity.js";
import type { Peer } from "../base/peer.js";
import { printable } from "../base/printable.js";

/** The default of `refusalLines`. */
export const REFUSAL_LINES = 20;

/** Milliseconds that a key's refusals are counted for, from the first one on. */
export const REFUSAL_PERIOD = 10_000;

/** Kinds of refusals that a summary counts one by one; callers choose the names of unknown methods. */
const KINDS = 20;
const OTHERS = "others";
const MAX_KIND = 120;

/** The refusals of a key that got no lines of their own. */
interface RefusalSummary {
  /** The peer of the last one. */
  readonly peer: Peer;
  readonly omitted: number;
  /** The numbers of each kind, such as `FORBIDDEN GET /notes/{id}`. */
  readonly refusals: Readonly<Record<string, number>>;
}

interface Period {
  readonly timer: NodeJS.Timeout;
  readonly refusals: Map<string, number>;
  lines: number;
  omitted: number;
  peer: Peer;
}

/**
 * Bounds the lines of refusals: the first ones of a key in ten seconds have a line each, the others one line together, with their
 * numbers. Otherwise a key without any scope could fill the disk.
 */
export class RefusalLines {
  readonly #limit: number;
  readonly #write: (summary: RefusalSummary) => void;
  readonly #periods = new Map<string, Period>();

  /** @param limit lines of one key in a period */
  constructor(limit: number, write: (summary: RefusalSummary) => void) {
    this.#limit = limit;
    this.#write = write;
  }

  /** Whether a refusal has a line; otherwise it is counted. Without a peer it has one: other limits apply to these. */
  admit(peer: Peer | undefined, kind: string): boolean {
    if (peer === undefined) return true;
    const key = identityOf(peer);
    const period = this.#periods.get(key) ?? this.#start(key, peer);
    if (period.lines < this.#limit) {
      period.lines += 1;
      return true;
    }
    period.peer = peer;
    period.omitted += 1;
    const { refusals } = period;
    const name = printable(kind, MAX_KIND);
    const counted = refusals.has(name) || refusals.size < KINDS ? name : OTHERS;
    refusals.set(counted, (refusals.get(counted) ?? 0) + 1);
    return false;
  }

  /** Writes the summaries now. */
  flush(): void {
    for (const key of [...this.#periods.keys()]) this.#end(key);
  }

  #start(key: string, peer: Peer): Period {
    const timer = setTimeout(() => this.#end(key), REFUSAL_PERIOD).unref();
    const period = { timer, refusals: new Map(), lines: 0, omitted: 0, peer };
    this.#periods.set(key, period);
    return period;
  }

  #end(key: string): void {
    const period = this.#periods.get(key);
    if (period === undefined) return;
    this.#periods.delete(key);
    clearTimeout(period.timer);
    const { peer, omitted, refusals } = period;
    if (omitted > 0) this.#write({ peer, omitted, refusals: Object.fromEntries(refusals) });
  }
}
