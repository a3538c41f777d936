import { fork } from "node:child_process";

/**
 * @typedef {object} Task
 * @property {string} cell
 * @property {number} seconds for how long, if the cell goes by time
 * @property {boolean} quick
 * @property {boolean} [allocations] whether to measure allocations
 */

/** The client and the server process of a peer. */
export class Pair {
  #client;
  /** Resolves once the server listens. */
  ready;

  constructor(name, timeout) {
    this.#client = fork(new URL("client.js", import.meta.url), [name]);
    this.ready = this.#answer(timeout);
    this.ready.catch(() => undefined);
  }

  /** @param {Task} task @returns {Promise<import("./measurement.js").Result>} */
  async run(task, timeout) {
    this.#client.send(task);
    return await this.#answer(timeout);
  }

  close() {
    if (this.#client.connected) this.#client.disconnect();
  }

  /** The next answer; the process ends if there is none in time. */
  #answer(timeout) {
    const client = this.#client;
    return new Promise((resolve, reject) => {
      const settle = (then) => (value) => {
        clearTimeout(timer);
        client.off("message", answered).off("exit", exited);
        then(value);
      };
      const answered = settle(({ result, error }) =>
        error === undefined ? resolve(result) : reject(new Error(error)),
      );
      const exited = settle((code) => reject(new Error(`the process ended with ${code}`)));
      const late = settle(() => {
        client.kill("SIGKILL");
        reject(new Error(`no result within ${timeout / 1000} s`));
      });
      const timer = setTimeout(late, timeout);
      client.on("message", answered).on("exit", exited);
    });
  }
}
