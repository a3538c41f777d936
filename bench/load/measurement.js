import { cpu, quantile } from "../measure.js";

/**
 * @typedef {object} Result
 * @property {number} count what was done: calls, items, bytes
 * @property {number} rate of them a second
 * @property {number} [p50] milliseconds of one
 * @property {number} [p99]
 * @property {{ client: number, server: number }} [cpu] microseconds of one at each end
 * @property {number} [allocated] bytes of heap allocated for one at both ends
 * @property {Record<string, number>} [values] further figures of the cell
 * @property {string} [note] what the reader of the figures should know
 */

/** Measures what happens between `start` and `end`. */
export class Measurement {
  #server;
  #isCpuKnown;
  #started = 0;
  #before = { client: 0, server: 0 };
  /** Milliseconds of each call. */
  times = [];

  /** @param server asks the server process; @param options whether CPU time of the two processes is that of the peer */
  constructor(server, { isCpuKnown }) {
    this.#server = server;
    this.#isCpuKnown = isCpuKnown;
  }

  async start() {
    this.#before = await this.#used();
    this.#started = performance.now();
  }

  /** @returns {Promise<Result>} */
  async end(count, values = {}) {
    const seconds = (performance.now() - this.#started) / 1000;
    const { client, server } = await this.#used();
    const each = (after, before) => ((after - before) * 1000) / count;
    return {
      count,
      rate: count / seconds,
      ...(this.times.length > 0 && { p50: quantile(this.times, 0.5), p99: quantile(this.times, 0.99) }),
      ...(this.#isCpuKnown && {
        cpu: { client: each(client, this.#before.client), server: each(server, this.#before.server) },
      }),
      ...(Object.keys(values).length > 0 && { values }),
    };
  }

  async #used() {
    return { server: await this.#server("cpu"), client: cpu() };
  }
}
