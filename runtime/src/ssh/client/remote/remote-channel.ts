import type { ClientChannel } from "ssh2";
import type { CommandExit, ExecOptions, RemoteCommand } from "../../../base/ssh-client.js";
import { type ChannelConfig, ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";

/** Bytes of standard error that are kept. */
const ERROR_TEXT = 8192;

/** See {@link RemoteCommand}. */
export class RemoteChannel extends ChannelDuplex implements RemoteCommand {
  readonly exit: Promise<CommandExit>;
  readonly #channel: ClientChannel;
  #errors: Buffer = Buffer.alloc(0);

  constructor(channel: ClientChannel, config: ChannelConfig, { onStderr }: ExecOptions) {
    super(channel, config);
    this.#channel = channel;
    channel.stderr.on("data", (chunk: Buffer) => {
      this.#errors = Buffer.concat([this.#errors, chunk]).subarray(-ERROR_TEXT);
      onStderr?.(chunk);
    });
    let exit: CommandExit = { exitCode: undefined, signal: undefined };
    // Two signatures: (status), and (null, signal, …).
    channel.on("exit", (status: number | null, signal?: string) => {
      exit = { exitCode: status ?? undefined, signal: signal?.replace(/^SIG/, "") };
    });
    // The status may come after the end of the output, so the other side's word that all is over is waited for.
    const closed = new Promise<void>((resolve) => {
      channel.once("close", resolve);
      config.connection.once("close", resolve);
    });
    this.exit = new Promise((resolve, reject) => {
      this.once("close", () => (this.errored ? reject(this.errored) : void closed.then(() => resolve(exit))));
    });
    this.exit.catch(() => undefined);
    // It is no fault of the program, which learns of it from the iteration or from `exit`.
    this.on("error", () => undefined);
  }

  get stderrTail(): string {
    return this.#errors.toString();
  }

  kill(signal: string): void {
    if (!this.destroyed) this.#channel.signal(signal.replace(/^SIG/, ""));
  }
}
