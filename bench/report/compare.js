// Compares a run with a stored one: ratios to the peers, CPU and allocations.
import { median, table } from "../measure.js";
import { PEERS } from "../peers/peer.js";
import { figures, ratios, show } from "./figures.js";

/** The peers of the short form: the limits, and one of those that people use. */
export const GUARD_PEERS = ["sshrpc", "tls", "ssh2", "grpc"];

/** The change that is reported. */
const TENTH = 0.1;

/**
 * Names what became worse by more than a tenth. It is a report: it never fails.
 * @param {import("../load/run.js").Run} baseline
 * @param {import("../load/run.js").Run} now
 */
export function printComparison(baseline, now) {
  const isSameMachine = ["node", "cpu", "nativeBinding"].every((what) => baseline.machine[what] === now.machine[what]);
  const before = measures(baseline, isSameMachine);
  const after = measures(now, isSameMachine);
  const common = [...before.keys()].filter((name) => after.has(name));
  const changes = common.map((name) => {
    const { values, isBetterHigh } = after.get(name);
    const [old, value] = [median(before.get(name).values), median(values)];
    return { name, old, value, values, worse: isBetterHigh ? 1 - value / old : value / old - 1 };
  });
  const worse = changes.filter((change) => change.worse > TENTH).sort((a, b) => b.worse - a.worse);
  if (!isSameMachine)
    console.log("\nNode, CPU or native binding differ from the baseline: CPU time of sshrpc alone is not compared");
  console.log(
    `\n${common.length} figures compared with ${baseline.machine.date}: ${worse.length} worse by more than a tenth`,
  );
  if (worse.length === 0) return;
  table("worse", [
    ["", "baseline", "now", "rounds", "worse by"],
    ...worse.map((change) => [
      change.name,
      show(change.old),
      show(change.value),
      change.values.map(show).join(" "),
      `${(change.worse * 100).toFixed(0)} %`,
    ]),
  ]);
}

/** All figures of a run that are compared, by name. @param {import("../load/run.js").Run} run */
function measures(run, withCpu) {
  /** @type {Map<string, { values: number[], isBetterHigh: boolean }>} */
  const found = new Map();
  const add = (name, values, isBetterHigh) => {
    if (values.length > 0) found.set(name, { values, isBetterHigh });
  };
  for (const [cell, { peers }] of Object.entries(run.cells)) {
    const { sshrpc, ...others } = peers;
    if (sshrpc === undefined) continue;
    for (const [peer, result] of Object.entries(others)) {
      add(`${cell}: rate over ${PEERS[peer]}`, ratios(sshrpc, result, "rate"), true);
      add(`${cell}: CPU over ${PEERS[peer]}`, ratios(sshrpc, result, "cpu"), false);
    }
    add(`${cell}: bytes of heap`, sshrpc.allocated === undefined ? [] : [sshrpc.allocated], false);
    if (withCpu) add(`${cell}: CPU µs`, figures(sshrpc, "cpu"), false);
  }
  return found;
}
