import type { ClientChannel } from "ssh2";
import type { CommandExit, ExecOptions, RemoteCommand } from "../../../base/ssh-client.js";
import { type ChannelConfig, ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";

/** Bytes of standard error that are kept. */
export const STDERR_TAIL = 8192;

/** See {@link RemoteCommand}. */
export class RemoteChannel extends ChannelDuplex implements RemoteCommand {
  readonly exit: Promise<CommandExit>;
  readonly #channel: ClientChannel;
  #stderr: Buffer = Buffer.alloc(0);

  constructor(channel: ClientChannel, config: ChannelConfig, { onStderr }: ExecOptions) {
    super(channel, config);
    this.#channel = channel;
    channel.stderr.on("data", (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-STDERR_TAIL);
      onStderr?.(chunk);
    });
    let exit: CommandExit = { exitCode: undefined, signal: undefined };
    // ssh2 emits (status) or (null, signal, …).
    channel.on("exit", (status: number | null, signal?: string) => {
      exit = { exitCode: status ?? undefined, signal: signal?.replace(/^SIG/, "") };
    });
    // The exit status may follow the end of the output: it is final once the server has closed the channel.
    const closed = new Promise<void>((resolve) => {
      channel.once("close", resolve);
      config.connection.once("close", resolve);
    });
    this.exit = new Promise((resolve, reject) => {
      this.once("close", () => (this.errored ? reject(this.errored) : void closed.then(() => resolve(exit))));
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
