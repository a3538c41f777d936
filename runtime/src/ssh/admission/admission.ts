import type { GuardConfig } from "./guard-config.js";
import type { Source } from "./source.js";
import { SourceCounts } from "./source-counts.js";
import { type FailureKind, SourcePenalties } from "./source-penalties.js";
import { Startups, type Waiting } from "./startups.js";

/** One connection that was let in. */
export interface Admitted {
  /** It has logged in. */
  loggedIn(): void;
  /** It has gone; what it did wrong counts against its source. Further calls do nothing. */
  leave(offence?: FailureKind): void;
}

/** Who may come in: what one source may have, who has misbehaved, and how many may wait to log in. */
export class Admission {
  readonly #isExempt: (address: string) => boolean;
  readonly #counts: SourceCounts;
  readonly #penalties: SourcePenalties | undefined;
  readonly #startups: Startups;
  readonly #maxConnections: number;
  #connections = 0;

  constructor(config: GuardConfig) {
    this.#isExempt = config.isExempt;
    this.#counts = new SourceCounts(config.perSource);
    this.#penalties = config.penalties && new SourcePenalties(config.penalties);
    this.#startups = new Startups(config.maxStartups);
    this.#maxConnections = config.maxConnections;
  }

  /**
   * Lets a connection in, or gives the reason to refuse it.
   * @param now in milliseconds of some clock that only goes forward
   * @param refuse ends the connection later, when another needs its place
   */
  enter(source: Source, now: number, refuse: (reason: string) => void): Admitted | string {
    const isExempt = this.#isExempt(source.address);
    const out = isExempt ? 0 : (this.#penalties?.left(source.host, now) ?? 0);
    if (out > 0) return `${source.host} has misbehaved, and stays out for ${Math.ceil(out / 1000)} s more (penalties)`;
    const tooMany = isExempt ? undefined : this.#counts.enter(source);
    if (tooMany !== undefined) return tooMany;
    const waiting: Waiting = { network: source.network, since: now, refuse };
    const noRoom = this.#findRoom(now) ?? this.#startups.enter(waiting);
    if (noRoom !== undefined) {
      if (!isExempt) this.#counts.leave(source);
      return noRoom;
    }
    this.#connections++;
    let isIn = true;
    return {
      loggedIn: () => this.#startups.leave(waiting),
      leave: (offence) => {
        if (!isIn) return;
        isIn = false;
        this.#connections--;
        this.#startups.leave(waiting);
        if (isExempt) return;
        this.#counts.leave(source);
        if (offence !== undefined) this.#penalties?.penalize(source.host, offence, performance.now());
      },
    };
  }

  /** Where all places are taken, whoever does not log in gives one back. */
  #findRoom(now: number): string | undefined {
    if (this.#connections < this.#maxConnections) return undefined;
    const reason = `${this.#connections} connections are open (maxConnections)`;
    return this.#startups.makeRoom(now, reason) ? undefined : reason;
  }
}
