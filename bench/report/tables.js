import { table } from "../measure.js";
import { PEERS } from "../peers/peer.js";
import { figure, ratio, show } from "./figures.js";

/**
 * Prints one cell. Ratios are those of the peer over the first one, sshrpc.
 * @param {string} name
 * @param {import("../load/run.js").CellResult} result
 */
export function printCell(name, { title, unit, peers }) {
  const entries = Object.entries(peers);
  const [first] = entries[0];
  const more = Object.keys(entries.find(([, { rounds }]) => rounds.length > 0)?.[1].rounds[0].values ?? {});
  const head = [`${unit}/s`, "ratio", "p50 ms", "p99 ms", "CPU µs each: client", "server", "both", "ratio"];
  const rows = entries
    .filter(([, { error }]) => error === undefined)
    .map(([peer, result]) => [
      PEERS[peer],
      show(figure(result, "rate")),
      show(ratio(result, peers[first], "rate")),
      ...["p50", "p99", "clientCpu", "serverCpu", "cpu"].map((what) => show(figure(result, what))),
      show(ratio(result, peers[first], "cpu")),
      ...more.map((what) => show(figure(result, what))),
    ]);
  table(`${name}: ${title}`, [["", ...head, ...more], ...rows]);
  for (const [peer, { error, allocated, rounds }] of entries) {
    const note = rounds.find((round) => round.note !== undefined)?.note;
    if (note !== undefined) console.log(`  ${PEERS[peer]}: ${note}`);
    if (error !== undefined) console.log(`  ${PEERS[peer]} failed: ${error.split("\n")[0]}`);
    if (allocated !== undefined) console.log(`  ${PEERS[peer]}: ${show(allocated)} bytes of heap for each, both ends`);
  }
}
