import { identityOf } from "../accounts/identity.js";
import type { Peer } from "../peer.js";
import { printable } from "../printable.js";

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
  /** Those that have a line. */
  readonly kinds: Set<string>;
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
  readonly #ofEachKind: boolean;
  readonly #periods = new Map<string, Period>();

  /**
   * @param limit lines of one key in a period
   * @param options `ofEachKind`: beyond the limit, the first one of each kind still has a line, for as many kinds as a summary counts
   */
  constructor(limit: number, write: (summary: RefusalSummary) => void, { ofEachKind = false } = {}) {
    this.#limit = limit;
    this.#write = write;
    this.#ofEachKind = ofEachKind;
  }

  /** Whether a refusal has a line; otherwise it is counted. Without a peer it has one: other limits apply to these. */
  admit(peer: Peer | undefined, kind: string): boolean {
    if (peer === undefined) return true;
    const key = identityOf(peer);
    const period = this.#periods.get(key) ?? this.#start(key, peer);
    const name = printable(kind, MAX_KIND);
    const { kinds } = period;
    if (period.lines < this.#limit || (this.#ofEachKind && kinds.size < KINDS && !kinds.has(name))) {
      period.lines += 1;
      if (kinds.size < KINDS) kinds.add(name);
      return true;
    }
    period.peer = peer;
    period.omitted += 1;
    const { refusals } = period;
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
    const period: Period = { timer, refusals: new Map(), kinds: new Set(), lines: 0, omitted: 0, peer };
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
