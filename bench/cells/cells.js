// All cells, in the order in which they run. A cell is one load, which several peers get in turn.
import { bytesCells } from "./bytes.js";
import { connectCells } from "./connect.js";
import { connectionsCells } from "./connections.js";
import { messagesCells } from "./messages.js";
import { streamsCells } from "./streams.js";
import { unaryCells } from "./unary.js";

/**
 * @typedef {object} Cell
 * @property {string} name
 * @property {string} title
 * @property {string} unit what is counted, such as "calls"
 * @property {readonly string[]} peers the peers that run in every case, sshrpc first
 * @property {readonly string[]} [more] the peers that run with --full
 * @property {number} [seconds] of one round. Default: 1; 0 for a cell that does not go by time
 * @property {number} [warmUp] seconds before the first round. Default: 1.5
 * @property {number} [rounds] Default: 3
 * @property {boolean} [isGuarded] whether `bench compare` runs it
 * @property {import("../peers/peer.js").ConnectOptions} [connect]
 * @property {(context: Context) => Promise<any>} [open] what the runs of one pair of processes share, such as a connection
 * @property {(context: Context, opened: any) => Promise<import("../load/measurement.js").Result>} run
 *
 * @typedef {object} Context what a cell gets of the process that it runs in
 * @property {(options?: import("../peers/peer.js").ConnectOptions) => Promise<import("../peers/peer.js").Session>} connect
 * @property {any} address
 * @property {number} seconds
 * @property {boolean} quick
 * @property {(question: "cpu" | "memory" | "profile" | "allocations") => Promise<number>} server asks the server process
 * @property {() => import("../load/measurement.js").Measurement} measurement
 */

/** @type {readonly Cell[]} */
export const CELLS = [
  ...unaryCells,
  ...messagesCells,
  ...streamsCells,
  ...bytesCells,
  ...connectCells,
  ...connectionsCells,
];

export function findCell(name) {
  return CELLS.find((cell) => cell.name === name);
}
