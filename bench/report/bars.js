// The bars of performance: what sshrpc shall reach, each beside what a run has measured.
import { table } from "../measure.js";
import { figure, ratio, show } from "./figures.js";

const SSHRPC = "sshrpc";
const UNKNOWN = "not measured";

/** sshrpc over another peer in one cell. `bar` is at least or at most, by `what`: more calls, less of the rest. */
const over = (text, cell, { peer, what = "rate", bar, of = SSHRPC }) => ({
  text,
  bar,
  isMinimum: what === "rate",
  unit: "×",
  read: ({ cells }) => ratio(cells[cell]?.peers[of], cells[cell]?.peers[peer], what),
});

/** A figure of sshrpc that must not be exceeded. */
const atMost = (text, cell, { what, bar, unit }) => ({
  text,
  bar,
  isMinimum: false,
  unit,
  read: ({ cells }) => figure(cells[cell]?.peers[SSHRPC], what),
});

const sizes = ["256KB", "1MB", "4MB"];
const streams = { down: ["server stream", 8], up: ["client stream", 8], both: ["bidirectional stream", 70] };

export const BARS = [
  over("small, 256 in flight, vs grpc-js", "small/256", { peer: "grpc", bar: 40 }),
  over("small, 256 in flight, vs the same frames on TLS", "small/256", { peer: "tls", bar: 0.8 }),
  over("  CPU", "small/256", { peer: "tls", what: "cpu", bar: 1.15 }),
  over("small, serial, p50, vs the same frames on ssh2", "small/1", { peer: "ssh2", what: "p50", bar: 1.05 }),
  over("1 KB, 64 in flight, vs grpc-js", "1KB/64", { peer: "grpc", bar: 9 }),
  over("64 KB, 64 in flight, vs vscode-jsonrpc", "64KB/64", { peer: "jsonrpc", bar: 0.95 }),
  ...sizes.flatMap((size) => [
    over(`a text of ${size}, one in flight, vs grpc-js`, `text/${size}`, { peer: "grpc", bar: 1.4 }),
    over("  CPU", `text/${size}`, { peer: "grpc", what: "cpu", bar: 0.8 }),
  ]),
  ...Object.entries(streams).map(([direction, [text, bar]]) =>
    over(`${text} of small items vs grpc-js`, `stream/${direction}`, { peer: "grpc", bar }),
  ),
  over("1 GiB of bytes from the server vs a bare ssh2 channel", "bytes/down", { peer: "ssh2", bar: 0.8 }),
  over("1 GiB of bytes to the server vs a bare ssh2 channel", "bytes/up", { peer: "ssh2", bar: 0.8 }),
  over("the same by stock ssh from the server vs cat of sshd", "file/down", {
    of: "ssh-sshrpc",
    peer: "ssh-sshd",
    bar: 1,
  }),
  over("the same by stock ssh to the server vs cat of sshd", "file/up", { of: "ssh-sshrpc", peer: "ssh-sshd", bar: 1 }),
  over("connect to the first response vs bare ssh2", "connect", { peer: "ssh2", what: "p50", bar: 1.2 }),
  over("  CPU of the client", "connect", { peer: "ssh2", what: "clientCpu", bar: 1.2 }),
  over("  CPU of the server", "connect", { peer: "ssh2", what: "serverCpu", bar: 1.2 }),
  atMost("connect at 100 ms round trip", "connect/100ms", { what: "roundTrips", bar: 6, unit: "round trips" }),
  atMost("200 logins a second for 5 s, p50", "logins/200", { what: "p50", bar: 20, unit: "ms" }),
  atMost("  failed", "logins/200", { what: "failed", bar: 0, unit: "" }),
  over("idle connection, memory of the server, vs bare ssh2", "idle/500", {
    peer: "ssh2",
    what: "kilobytes",
    bar: 1.2,
  }),
  atMost("  CPU of the server with 500 of them", "idle/500", { what: "idlePercent", bar: 0.1, unit: "%" }),
  over("1,000 connections, calls/s, vs the same frames on ssh2", "connections/1000", { peer: "ssh2", bar: 0.9 }),
];

/** Each bar with its value, and whether it is met. @param {import("../load/run.js").Run} run */
export function judge(run) {
  return BARS.map(({ text, bar, isMinimum, unit, read }) => {
    const value = read(run);
    const met = value === undefined ? UNKNOWN : (isMinimum ? value >= bar : value <= bar) ? "met" : "NOT MET";
    return { text, bar: `${isMinimum ? "≥" : "≤"} ${bar} ${unit}`.trim(), value: show(value), met };
  });
}

/** Prints the bars; of a run of some cells, those that it has measured. */
export function printBars(run) {
  const rows = judge(run)
    .filter(({ met }) => met !== UNKNOWN || run.machine.cells !== "some")
    .map(({ text, bar, value, met }) => [text, bar, value, met]);
  if (rows.length === 0) return;
  const widest = Math.max(...rows.map(([text]) => text.length));
  const caveat = run.machine.quick ? "; a smoke run: they mean nothing" : "";
  table(`bars (sshrpc over the peer, medians of the ratios of each round${caveat})`, [
    ["".padEnd(widest), "bar", "value", ""],
    ...rows.map(([text, ...rest]) => [text.padEnd(widest), ...rest]),
  ]);
}
