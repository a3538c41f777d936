// The chart and the figures of README.md, from a run.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PEERS } from "../peers/peer.js";
import { figure, ratio, show } from "./figures.js";
import { barChart } from "./svg.js";

const CHART = fileURLToPath(new URL("../chart.svg", import.meta.url));
const README = fileURLToPath(new URL("../../README.md", import.meta.url));
const BLOCK = /(<!-- bench -->\n)[\s\S]*?(\n<!-- end -->)/;

/** The columns of the table: cell and heading. */
const COLUMNS = {
  "small/256": "calls of 39 B, 256 in flight",
  "1KB/64": "calls of 1 KB, 64 in flight",
  "64KB/64": "calls of 64 KB, 64 in flight",
  "stream/down": "items of 39 B from the server",
  "stream/up": "items of 39 B to the server",
  "bytes/down": "MB from the server",
};
/** The cells of the chart. */
const PANELS = ["small/256", "1KB/64", "64KB/64", "stream/down"];

/**
 * Writes bench/chart.svg, and the block of README.md between its markers.
 * @param {import("../load/run.js").Run} run
 */
export function writeChart(run) {
  const panels = PANELS.filter((name) => run.cells[name] !== undefined).map((name) => ({
    title: `${run.cells[name].title}: ${run.cells[name].unit} a second`,
    bars: Object.entries(run.cells[name].peers)
      .map(([peer, result]) => ({ label: PEERS[peer], value: figure(result, "rate"), isOurs: peer === "sshrpc" }))
      .filter(({ value }) => value !== undefined),
  }));
  writeFileSync(CHART, barChart(panels));
  const text = readFileSync(README, "utf8");
  if (!BLOCK.test(text)) throw new Error("README.md: no block <!-- bench --> … <!-- end -->");
  writeFileSync(
    README,
    text.replace(BLOCK, (_, start, end) => `${start}${block(run)}${end}`),
  );
  console.log("wrote bench/chart.svg and the figures of README.md");
}

const times = (value) => (value === undefined ? "–" : `${show(value)}×`);

/** @param {import("../load/run.js").Run} run */
function block({ machine, cells }) {
  const columns = Object.keys(COLUMNS).filter((name) => cells[name] !== undefined);
  const names = Object.keys(PEERS).filter((peer) => columns.some((name) => cells[name].peers[peer]?.rounds.length > 0));
  const cellOf = (peer) => (name) => {
    const { peers } = cells[name];
    return peer === "sshrpc" ? show(figure(peers[peer], "rate")) : times(ratio(peers[peer], peers["sshrpc"], "rate"));
  };
  const row = (cells) => `| ${cells.join(" | ")} |`;
  return [
    "![Calls and items a second of sshrpc and other frameworks](bench/chart.svg)",
    "",
    "Per second; the other rows are multiples of the first one:",
    "",
    row(["", ...columns.map((name) => COLUMNS[name])]),
    row(["---", ...columns.map(() => "---")]),
    ...names.map((peer) => row([PEERS[peer], ...columns.map(cellOf(peer))])),
    "",
    `Measured on ${machine.date} with Node ${machine.node}, ${machine.cores} × ${machine.cpu}, ` +
      `${machine.nativeBinding ? "with" : "without"} the native binding of ssh2:`,
    "client and server are processes of their own on one machine. Compare the ratios: the rates are those of this machine. sshrpc",
    "validates at both ends; vscode-jsonrpc and tRPC validate nothing here, and the two limits are its own frames without any check.",
  ].join("\n");
}
