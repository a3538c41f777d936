import type { ClientChannel } from "ssh2";
import { onRejected } from "../../../base/async/on-rejected.js";
import { toError } from "../../../base/error-message.js";
import { type CommandExit, type ExecOptions, type RemoteCommand, STDERR_TAIL } from "../../../base/ssh-client.js";
import { type ChannelConfig, ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";

/** See {@link RemoteCommand}. */
export class RemoteChannel extends ChannelDuplex implements RemoteCommand {
  readonly exit: Promise<CommandExit>;
  readonly #channel: ClientChannel;
  #stderr: Buffer = Buffer.alloc(0);

  constructor(channel: ClientChannel, config: ChannelConfig, { onStderr }: ExecOptions) {
    // As in a shell: a command may end before it has read its input, and its exit status tells.
    super(channel, { ...config, lateWrites: "drop" });
    this.#channel = channel;
    channel.stderr.on("data", (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-STDERR_TAIL);
      try {
        onRejected(onStderr?.(chunk), (error) => this.destroy(toError(error)));
      } catch (error) {
        this.destroy(toError(error));
      }
    });
    let exit: CommandExit = { exitCode: undefined, signal: undefined };
    // ssh2 emits (status) or (null, signal, …).
    channel.on("exit", (status: number | null, signal?: string) => {
      exit = { exitCode: status ?? undefined, signal: signal?.replace(/^SIG/, "") };
    });
    this.exit = new Promise((resolve, reject) => {
      const settle = (): void => {
        config.connection.off("close", settle);
        if (this.errored) reject(this.errored);
        else resolve(exit);
      };
      // The exit status may follow the end of the output: it is final once the server has closed the channel. This needs no
      // reader of the output.
      channel.once("close", settle);
      config.connection.once("close", settle);
      this.once("close", () => this.errored && settle());
    });
    this.exit.catch(() => undefined);
    // A lost connection must not crash the process: iteration and `exit` report it.
    this.on("error", () => undefined);
  }

  get stderrTail(): string {
    return this.#stderr.toString();
  }

  kill(signal: string): void {
    if (!this.destroyed) this.#channel.signal(signal.replace(/^SIG/, ""));
  }
}
