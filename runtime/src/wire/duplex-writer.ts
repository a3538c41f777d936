import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "./connection-options.js";
import type { ChunkWriter } from "./frame-writer.js";
import type { WriteGate } from "./write-gate.js";

/**
 * Writes the batches of a connection to its transport, and bounds what waits there. Only the accepting side stops reading
 * while its own writes wait: if both did, two sides that send much to each other would wait for each other for ever. The
 * other one counts the answers that wait.
 */
export class DuplexWriter {
  readonly #duplex: Duplex;
  readonly #backlog: WriteGate;
  readonly #options: ConnectionOptions;
  readonly #leave: () => (() => void) | undefined;
  readonly #pause: () => void;

  /**
   * @param leave the answers of a batch leave: gives what to call when the transport has taken them
   * @param pause stops reading, until the duplex says 'drain'
   */
  constructor(
    duplex: Duplex,
    backlog: WriteGate,
    options: ConnectionOptions,
    leave: () => (() => void) | undefined,
    pause: () => void,
  ) {
    this.#duplex = duplex;
    this.#backlog = backlog;
    this.#options = options;
    this.#leave = leave;
    this.#pause = pause;
  }

  /** See {@link ChunkWriter}. */
  readonly write: ChunkWriter = (chunk, taken) => {
    const { role, limits } = this.#options;
    const flowing = this.#duplex.write(chunk, role === "dialer" ? this.#counted(taken) : taken);
    if (flowing) return;
    this.#backlog.fill();
    if (role === "acceptor" && this.#duplex.writableLength > limits.sendHighWaterMark) this.#pause();
  };

  #counted(taken: (error?: Error | null) => void): (error?: Error | null) => void {
    const answered = this.#leave();
    if (answered === undefined) return taken;
    return (error) => {
      answered();
      taken(error);
    };
  }
}
