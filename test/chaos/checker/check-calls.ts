import type { Fault } from "../history/fault.js";
import { type Call, describeCall, type History } from "./history.js";
import type { Violations } from "./violations.js";

/** What a busy machine may add to the timeout of a call, in ms. */
const SLACK = 20_000;

/** Each call has ended, in its time, and no process by itself. */
export function checkCalls({ calls, processes, faults }: History, violations: Violations): void {
  for (const { kind, target, generation, how } of faults) {
    if (kind === "exit") violations.add("a process ended by itself", `${target} (${generation}): ${how}`);
  }
  for (const { client, generation, wasKilled, finished } of processes) {
    if (!wasKilled && finished === undefined) violations.add("a client did not finish", `${client} (${generation})`);
  }
  const stops = byTarget(faults.filter(({ kind }) => kind === "stop"));
  for (const call of calls) {
    if (call.ended === undefined && !call.wasKilled) violations.add("a call never ended", describeCall(call));
    checkTime(call, stops.get(call.client) ?? [], violations);
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
  if (late > SLACK) violations.add("a call ended late", `${describeCall(call)}: ${late} ms after its timeout`);
}

function byTarget(faults: readonly Fault[]): Map<string, Fault[]> {
  const all = new Map<string, Fault[]>();
  for (const fault of faults) all.set(fault.target, [...(all.get(fault.target) ?? []), fault]);
  return all;
}
