import { median } from "../measure.js";

/** What can be read of one round. */
const READ = {
  rate: (round) => round.rate,
  p50: (round) => round.p50,
  p99: (round) => round.p99,
  cpu: (round) => round.cpu && round.cpu.client + round.cpu.server,
  clientCpu: (round) => round.cpu?.client,
  serverCpu: (round) => round.cpu?.server,
};

/** The value of a round: one of {@link READ}, or a further figure of its cell. */
function readRound(round, what) {
  return READ[what] === undefined ? round.values?.[what] : READ[what](round);
}

/**
 * A figure of each round of a peer; none if it was not measured.
 * @param {import("../load/run.js").PeerResult | undefined} peer
 */
export function figures(peer, what) {
  return (peer?.rounds ?? []).map((round) => readRound(round, what)).filter((value) => value !== undefined);
}

/** The median of {@link figures}. */
export function figure(peer, what) {
  return middle(figures(peer, what));
}

/**
 * What one peer has over what another has, round by round: what disturbs the machine disturbs both.
 * @param {import("../load/run.js").PeerResult | undefined} over
 * @param {import("../load/run.js").PeerResult | undefined} under
 */
export function ratios(over, under, what) {
  return (over?.rounds ?? []).flatMap((round, at) => {
    const other = under?.rounds[at];
    const [a, b] = [readRound(round, what), other && readRound(other, what)];
    return a === undefined || b === undefined ? [] : [a / b];
  });
}

/** The median of {@link ratios}. */
export function ratio(over, under, what) {
  return middle(ratios(over, under, what));
}

function middle(values) {
  return values.length === 0 ? undefined : median(values);
}

/** A number with three significant digits, and no more digits than it needs. */
export function show(value) {
  if (value === undefined) return "–";
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(value >= 0.1 ? 2 : 3);
}
