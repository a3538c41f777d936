import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { CallEnded } from "../../base/observer/observer.js";
import type { MethodStatus } from "../../contract/built-in/server-status.js";
import type { Method } from "../../contract/method.js";

/** Milliseconds of a half window: the latest window has one that is complete, and the one that runs. */
const HALF_WINDOW = 30_000;

/** The name under which calls of methods that do not exist are counted: their callers choose the references. */
export const UNKNOWN_METHOD = "(unknown)";

/** The longest duration of the histogram, in microseconds: a day. Longer ones count as one of a day. */
const LONGEST = 86_400_000_000;

/** What is counted of a method. */
type Counted = Pick<MethodStatus, "ended" | "statuses" | "rate" | "p50" | "p99">;

const NONE: Counted = { ended: 0, statuses: {}, rate: 0 };

/**
 * Counts the calls of a server that have ended, by method. It takes 25 KB for each method that is called. It counts from
 * {@link CallStatistics.start} on, because a call without observers is not even measured.
 */
export class CallStatistics {
  readonly #methods: ReadonlySet<string>;
  readonly #counts = new Map<string, MethodCounts>();
  #since: number | undefined;

  /** @param methods those of the server */
  constructor(methods: readonly Pick<Method, "id">[]) {
    this.#methods = new Set(methods.map(({ id }) => id));
  }

  /** Whether it counts. */
  get isStarted(): boolean {
    return this.#since !== undefined;
  }

  /** Begins to count. */
  start(): void {
    this.#since ??= performance.now();
  }

  /** Milliseconds for which it has counted. */
  counted(now = performance.now()): number {
    return now - (this.#since ?? now);
  }

  /** Milliseconds of the latest window. */
  window(now = performance.now()): number {
    const counted = this.counted(now);
    return counted < HALF_WINDOW ? counted : HALF_WINDOW + (counted % HALF_WINDOW);
  }

  /** Counts a call; does nothing before {@link start}. */
  readonly ended = ({ method, status, milliseconds }: CallEnded): void => {
    if (this.#since === undefined) return;
    const name = this.#methods.has(method) ? method : UNKNOWN_METHOD;
    let counts = this.#counts.get(name);
    if (counts === undefined) {
      counts = new MethodCounts();
      this.#counts.set(name, counts);
    }
    counts.add(status, milliseconds, this.#period(performance.now()));
  };

  /** The methods whose calls were counted. */
  get names(): Iterable<string> {
    return this.#counts.keys();
  }

  /** What is counted of a method. */
  of(method: string, now = performance.now()): Counted {
    return this.#counts.get(method)?.read(this.#period(now), this.window(now)) ?? NONE;
  }

  #period(now: number): number {
    return Math.floor(this.counted(now) / HALF_WINDOW);
  }
}

/** The counts of one method. */
class MethodCounts {
  readonly #statuses = new Map<string, number>();
  #latest = durations();
  #before = durations();
  /** The number of the half window of `#latest`. */
  #period = 0;
  #ended = 0;

  add(status: string, milliseconds: number, period: number): void {
    this.#turn(period);
    this.#ended += 1;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    this.#latest.record(Math.min(LONGEST, Math.max(1, Math.round(milliseconds * 1000))));
  }

  read(period: number, window: number): Counted {
    this.#turn(period);
    const recent = durations();
    recent.add(this.#before);
    recent.add(this.#latest);
    return {
      ended: this.#ended,
      statuses: Object.fromEntries(this.#statuses),
      rate: window === 0 ? 0 : (recent.count * 1000) / window,
      ...(recent.count > 0 && { p50: recent.percentile(50) / 1000, p99: recent.percentile(99) / 1000 }),
    };
  }

  /** Another half window may have begun. */
  #turn(period: number): void {
    const passed = period - this.#period;
    if (passed <= 0) return;
    [this.#before, this.#latest] = [this.#latest, this.#before];
    this.#latest.reset();
    if (passed > 1) this.#before.reset();
    this.#period = period;
  }
}

/** Durations in microseconds, each within 6 %. */
function durations(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: LONGEST, figures: 1 });
}
