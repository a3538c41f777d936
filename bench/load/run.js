import { describeMachine } from "../report/machine.js";
import { Pair } from "./pair.js";

/**
 * @typedef {object} Run what `--json` writes
 * @property {ReturnType<typeof describeMachine>} machine
 * @property {Record<string, CellResult>} cells by name
 *
 * @typedef {object} RunOptions
 * @property {boolean} [quick] a smoke run: the figures mean nothing
 * @property {boolean} [full] with the further peers of each cell
 * @property {readonly string[]} [peers] only these
 * @property {boolean} [some] whether these are some of the cells or peers
 *
 * @typedef {object} CellResult
 * @property {string} title
 * @property {string} unit
 * @property {Record<string, PeerResult>} peers
 *
 * @typedef {object} PeerResult
 * @property {import("./measurement.js").Result[]} rounds
 * @property {number} [allocated] bytes of heap allocated for one at both ends
 * @property {string} [error] why it has no rounds
 */

/** Milliseconds after which a peer that does not answer is given up. */
const TIMEOUT = 120_000;
const ROUNDS = 3;
/** The part of its time that a cell takes in a smoke run. */
const QUICK = 0.1;

/**
 * Runs cells: the processes of all peers of a cell are started and warmed, and then take turns.
 * @param {readonly import("../cells/cells.js").Cell[]} cells
 * @param {RunOptions} options
 * @param {(cell: string, result: CellResult) => void} done called after each cell
 * @returns {Promise<Run>}
 */
export async function runCells(cells, options, done) {
  /** @type {Run} */
  const run = { machine: describeMachine(options), cells: {} };
  for (const cell of cells) {
    const result = await runCell(cell, options);
    run.cells[cell.name] = result;
    done(cell.name, result);
  }
  return run;
}

/**
 * @param {import("../cells/cells.js").Cell} cell
 * @param {RunOptions} options
 * @returns {Promise<CellResult>}
 */
async function runCell(cell, options) {
  const { quick = false, full = false, peers: wanted } = options;
  const { name, title, unit, peers, more = [], seconds = 1, warmUp = 1.5, rounds = ROUNDS, isGuarded = false } = cell;
  const names = [...peers, ...(full ? more : [])].filter((peer) => wanted?.includes(peer) ?? true);
  const scale = quick ? QUICK : 1;
  const task = { cell: name, seconds: seconds * scale, quick };
  /** @type {Record<string, PeerResult>} */
  const results = Object.fromEntries(names.map((peer) => [peer, { rounds: [] }]));
  const pairs = new Map(names.map((peer) => [peer, new Pair(peer, TIMEOUT)]));
  /** Does a step for each peer; one that fails is left out of the following ones. */
  const each = async (step, order) => {
    for (const peer of order) {
      const pair = pairs.get(peer);
      if (pair === undefined) continue;
      await step(pair, results[peer]).catch((error) => {
        results[peer] = { rounds: [], error: error.message };
        pair.close();
        pairs.delete(peer);
      });
    }
  };
  await each((pair) => pair.ready, names);
  if (warmUp > 0) await each((pair) => pair.run({ ...task, seconds: warmUp * scale }, TIMEOUT), names);
  for (let round = 0; round < (quick ? 1 : rounds); round++) {
    const order = round % 2 === 0 ? names : names.toReversed();
    await each(async (pair, result) => void result.rounds.push(await pair.run(task, TIMEOUT)), order);
  }
  if (isGuarded) {
    await each(
      async (pair, result) => {
        result.allocated = (await pair.run({ ...task, allocations: true }, TIMEOUT)).allocated;
      },
      names.slice(0, 1),
    );
  }
  for (const pair of pairs.values()) pair.close();
  return { title, unit, peers: results };
}
