import { ENTRY, UPLOAD } from "../history/effect.js";
import type { Fault } from "../history/fault.js";
import type { Call, History } from "./history.js";
import type { Violations } from "./violations.js";

/** What a busy machine may add to the timeout of a call, in ms. */
const SLACK = 20_000;

/** Statuses that a call may end with, in place of what the server would have answered. */
const ANY_TIME = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"]);

/** Each call has ended, in its time, with a status that it may have; and no process has ended by itself. */
export function checkCalls({ calls, processes, faults }: History, violations: Violations): void {
  for (const { kind, target, generation, how } of faults) {
    if (kind === "exit") violations.add("a process ended by itself", `${target} (${generation}): ${how}`);
  }
  for (const { client, generation, wasKilled, finished } of processes) {
    if (!wasKilled && finished === undefined) violations.add("a client did not finish", `${client} (${generation})`);
  }
  const stops = byTarget(faults.filter(({ kind }) => kind === "stop"));
  const clients = new Set(processes.map(({ client }) => client));
  const serverKills = faults.filter(({ kind, target }) => kind === "kill" && !clients.has(target));
  const begun = firstCalls(calls);
  for (const call of calls) {
    const { ended, wasKilled, method } = call;
    if (ended === undefined) {
      if (!wasKilled) violations.add("a call never ended", describe(call));
      continue;
    }
    checkTime(call, stops.get(call.client) ?? [], violations);
    const { status, message } = ended;
    if (status === "THROWN" || status === "INTERNAL") violations.add("a fault inside", `${describe(call)}: ${message}`);
    if (call.expect !== undefined && status !== call.expect && !ANY_TIME.has(status)) {
      violations.add("an unexpected status", `${describe(call)}: ${call.expect} was expected`);
    }
    // The ledger outlives what is lost, and there is time for another attempt.
    if (status === "UNAVAILABLE" && method !== UPLOAD)
      violations.add("unavailable, although it may be sent again", `${describe(call)}: ${message}`);
    if (status !== "INTERRUPTED") continue;
    const since = begun.get(scopeOf(call)) ?? call.t;
    if (method !== ENTRY) violations.add("interrupted, although it may run again", describe(call));
    if (!serverKills.some(({ t }) => t >= since && t <= ended.t)) {
      violations.add("interrupted, but no server was killed meanwhile", describe(call));
    }
  }
}

function checkTime(call: Call, stops: readonly Fault[], violations: Violations): void {
  const { t, timeout, ended } = call;
  if (timeout === undefined || ended === undefined) return;
  // A stopped process cannot end its calls.
  const stopped = stops.reduce(
    (sum, stop) => sum + Math.max(0, Math.min(stop.until ?? stop.t, ended.t) - Math.max(stop.t, t)),
    0,
  );
  const late = ended.t - t - timeout - stopped;
  if (late > SLACK) violations.add("a call ended late", `${describe(call)}: ${late} ms after its timeout`);
}

/** When the first call with each key has begun. */
function firstCalls(calls: readonly Call[]): Map<string, number> {
  const begun = new Map<string, number>();
  for (const call of calls) {
    const scope = scopeOf(call);
    begun.set(scope, Math.min(begun.get(scope) ?? call.t, call.t));
  }
  return begun;
}

/** Equal for calls with one key; others have a scope of their own. */
function scopeOf({ method, key, id }: Call): string {
  return `${method} ${key ?? id}`;
}

function byTarget(faults: readonly Fault[]): Map<string, Fault[]> {
  const all = new Map<string, Fault[]>();
  for (const fault of faults) all.set(fault.target, [...(all.get(fault.target) ?? []), fault]);
  return all;
}

function describe({ id, method, intent, ended }: Call): string {
  return `${id}: ${method}${intent === undefined ? "" : ` ${intent}`}: ${ended?.status ?? "no end"}`;
}
