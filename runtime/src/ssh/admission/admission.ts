import type { Siblings } from "../../base/siblings.js";
import type { GuardConfig } from "./guard-config.js";
import type { Source } from "./source.js";
import { SourceCounts } from "./source-counts.js";
import { type FailureKind, type PenaltyLeft, SourcePenalties } from "./source-penalties.js";
import { type Startup, Startups } from "./startups.js";

/** An admitted connection. */
export interface Admitted {
  /** Frees its slot among the unauthenticated connections. */
  authenticated(): void;
  /** Frees its slot among all connections; a failure counts toward the penalty of its source. Further calls do nothing. */
  release(failure?: FailureKind): void;
}

/**
 * Connections that may log in although `maxConnections` are open: only their key tells whether they get the place of another
 * key's connection.
 */
export const LOGIN_RESERVE = 64;

/** Messages between processes: one failure, and all penalties for a process that begins. */
const PENALTY = "penalty";
const PENALTIES = "penalties";

/** Decides which connections are admitted: by the count and the penalties of their source, and by all that are open. */
export class Admission {
  #isExempt: (address: string) => boolean;
  readonly #counts: SourceCounts;
  #penalties: SourcePenalties | undefined;
  readonly #startups: Startups;
  #maxConnections: number;
  #connections = 0;

  readonly #siblings: Siblings | undefined;

  /** @param siblings the other processes of the server, which count sources and penalties, too */
  constructor(config: GuardConfig, siblings?: Siblings) {
    this.#siblings = siblings;
    this.#isExempt = config.isExempt;
    this.#counts = new SourceCounts(config.perSource, siblings);
    this.#penalties = config.penalties && new SourcePenalties(config.penalties);
    this.#startups = new Startups(config.maxStartups);
    this.#maxConnections = config.maxConnections;
    siblings?.subscribe(PENALTY, (body) => {
      const [host, failure] = body as [string, FailureKind];
      this.#penalties?.penalize(host, failure, performance.now());
    });
    siblings?.subscribe(PENALTIES, (body) => this.#penalties?.take(body as readonly PenaltyLeft[], performance.now()));
    siblings?.onJoin((process) => {
      const left = this.#penalties?.left(performance.now()) ?? [];
      if (left.length > 0) siblings.publish(PENALTIES, left, process);
    });
  }

  /** Takes other limits, for new connections. Sources that are blocked stay so, unless penalties are off now. */
  limit(config: GuardConfig): void {
    const { penalties } = config;
    this.#isExempt = config.isExempt;
    this.#counts.limit(config.perSource);
    this.#startups.limit(config.maxStartups);
    this.#maxConnections = config.maxConnections;
    if (penalties === undefined) this.#penalties = undefined;
    else if (this.#penalties === undefined) this.#penalties = new SourcePenalties(penalties);
    else this.#penalties.limit(penalties);
  }

  /**
   * Admits a connection, or returns the reason to refuse it.
   * @param now in milliseconds of a monotonic clock
   * @param refuse ends the connection later, when another one needs its slot
   */
  admit(source: Source, now: number, refuse: (reason: string) => void): Admitted | string {
    const isExempt = this.#isExempt(source.address);
    const blocked = isExempt ? 0 : (this.#penalties?.remaining(source.host, now) ?? 0);
    if (blocked > 0) return `${source.host} is blocked for another ${Math.ceil(blocked / 1000)} s (penalties)`;
    const tooMany = isExempt ? undefined : this.#counts.add(source);
    if (tooMany !== undefined) return tooMany;
    const startup: Startup = { network: source.network, host: source.host, since: now, refuse };
    const noPlace = this.#findPlace(startup) ?? this.#startups.add(startup);
    if (noPlace !== undefined) {
      if (!isExempt) this.#counts.remove(source);
      return noPlace;
    }
    this.#connections++;
    let isOpen = true;
    return {
      authenticated: () => this.#startups.remove(startup),
      release: (failure) => {
        if (!isOpen) return;
        isOpen = false;
        this.#connections--;
        this.#startups.remove(startup);
        if (isExempt) return;
        this.#counts.remove(source);
        if (failure !== undefined) this.#penalize(source.host, failure);
      },
    };
  }

  #penalize(host: string, failure: FailureKind): void {
    this.#penalties?.penalize(host, failure, performance.now());
    this.#siblings?.publish(PENALTY, [host, failure]);
  }

  /** If no slot is free, an unauthenticated connection is evicted, or else one of the reserve is taken. */
  #findPlace(startup: Startup): string | undefined {
    if (this.#connections < this.#maxConnections) return undefined;
    const reason = `${this.#connections} connections are open (maxConnections)`;
    if (this.#startups.evict(startup, reason) || this.#startups.count < LOGIN_RESERVE) return undefined;
    return reason;
  }
}
