import type { Channel } from "ssh2";
import { type ChannelConfig, ChannelDuplex } from "./channel-duplex.js";

/**
 * A client's channel to a subsystem. Where the subsystem ends without any output, the duplex is destroyed with an error that
 * `describe` makes from its exit status.
 */
export class SubsystemChannel extends ChannelDuplex {
  #hasOutput = false;
  readonly #describe: (status: number) => Error;
  readonly #exited: Promise<number | undefined>;

  constructor(channel: Channel, config: ChannelConfig, describe: (status: number) => Error) {
    super(channel, config);
    this.#describe = describe;
    this.#exited = new Promise((resolve) => {
      channel.once("exit", (status: number | null) => resolve(status ?? undefined));
      channel.once("close", () => resolve(undefined));
      config.connection.once("close", () => resolve(undefined));
      this.once("close", () => resolve(undefined));
    });
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (chunk === null && !this.#hasOutput) {
      void this.#endWithoutOutput();
      return false;
    }
    this.#hasOutput = true;
    return super.push(chunk, encoding);
  }

  /** sshd sends the exit status after the end of the output. */
  async #endWithoutOutput(): Promise<void> {
    const status = await this.#exited;
    if (this.destroyed) return;
    if (status === undefined) super.push(null);
    else this.destroy(this.#describe(status));
  }
}
