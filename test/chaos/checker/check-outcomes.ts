import { ENTRY } from "../history/effect.js";
import { ENOUGH_TIME } from "../history/journal.js";
import { type Call, describeCall, type History } from "./history.js";
import type { Violations } from "./violations.js";

/** What the calls with one key have in common; a call without a given key is alone. */
interface Shared {
  /** When the first one has begun. */
  since: number;
  /** Whether a caller cancels one. */
  cancels: boolean;
  /** Whether one has little time. */
  isShort: boolean;
}

/**
 * Each call ends with a status that it may have. Success, always. CANCELLED and DEADLINE_EXCEEDED where a caller of the key has caused it;
 * INTERRUPTED where one of these or the end of a server has stopped the first call, and the method is not run again; BAD_REQUEST where it is the right answer. No other one: the
 * ledger and the positions outlive every fault.
 */
export function checkOutcomes({ calls, faults, processes }: History, violations: Violations): void {
  const clients = new Set(processes.map(({ client }) => client));
  const ends = faults.filter(({ kind, target }) => ["kill", "restart"].includes(kind) && !clients.has(target));
  const shared = shareByKey(calls);
  for (const call of calls) {
    const { ended, expect = "OK", method } = call;
    if (ended === undefined || ended.status === expect) continue;
    const { status, t, message = "" } = ended;
    const what = `${describeCall(call)} ${message}`.trimEnd();
    const { since, cancels, isShort } = shared.get(scopeOf(call)) as Shared;
    if (status === "CANCELLED") {
      // A client cancels at its timeout.
      if (!cancels && !isShort) violations.add("cancelled, but not by a caller", what);
    } else if (status === "DEADLINE_EXCEEDED") {
      if (!isShort) violations.add("no outcome in all its time", what);
    } else if (status === "INTERRUPTED") {
      if (method !== ENTRY) violations.add("interrupted, although it may run again", what);
      const isCaused = cancels || isShort;
      if (!isCaused && !ends.some((end) => (end.until ?? end.t) >= since && end.t <= t)) {
        violations.add("interrupted, but not by a caller or the end of a server", what);
      }
    } else violations.add("an unexpected status", `${what} (${expect} was expected)`);
  }
}

function shareByKey(calls: readonly Call[]): Map<string, Shared> {
  const all = new Map<string, Shared>();
  for (const call of calls) {
    const { t, cancels = false, timeout = ENOUGH_TIME } = call;
    const isShort = timeout < ENOUGH_TIME;
    const shared = all.get(scopeOf(call));
    if (shared === undefined) all.set(scopeOf(call), { since: t, cancels, isShort });
    else {
      shared.since = Math.min(shared.since, t);
      shared.cancels ||= cancels;
      shared.isShort ||= isShort;
    }
  }
  return all;
}

function scopeOf({ method, key, id }: Call): string {
  return `${method} ${key ?? id}`;
}
