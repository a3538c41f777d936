import { EventEmitter } from "node:events";
import type { Client, ClientChannel } from "ssh2";
import { printable } from "../../../base/printable.js";
import type { ExecOptions } from "../../../base/ssh-client.js";
import { RpcError } from "../../../contract/rpc-error.js";
import { printableError } from "../../printable-error.js";
import { type ChannelConfig, ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";
import type { DialChannel } from "../dial-channel.js";
import { RemoteChannel } from "./remote-channel.js";

/** An SSH connection for any channels of sessions and forwarding. It emits 'close' once it has ended. */
export class RemoteConnection extends EventEmitter<{ close: [] }> {
  readonly #client: Client;
  readonly #config: ChannelConfig;
  #closed = false;

  constructor(client: Client, config: ChannelConfig) {
    super();
    this.#client = client;
    this.#config = config;
    // Each channel listens for its end.
    client.setMaxListeners(0);
    client.once("close", () => this.close());
  }

  /** Whether channels can be opened. */
  get open(): boolean {
    return !this.#closed;
  }

  exec(command: string, options: ExecOptions): Promise<RemoteChannel> {
    const { env } = options;
    return this.#channel(
      (done) => this.#client.exec(command, env === undefined ? {} : { env: { ...env } }, done),
      (channel) => new RemoteChannel(channel, this.#config, options),
    );
  }

  connectTo(host: string, port: number): Promise<ChannelDuplex> {
    return this.#channel(
      (done) => this.#client.forwardOut("127.0.0.1", 0, host, port, done),
      (channel) => new ChannelDuplex(channel, this.#config),
    );
  }

  /** Ends it, with all that runs on it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.emit("close");
  }

  /** @throws RpcError UNAVAILABLE where the server refuses, or the connection ends meanwhile */
  #channel<Opened>(
    open: (done: (error: Error | undefined, channel: ClientChannel) => void) => unknown,
    wrap: (channel: ClientChannel) => Opened,
  ): Promise<Opened> {
    return new Promise((resolve, reject) => {
      // ssh2 forgets whom it owes an answer when the connection ends.
      const lost = (): void => reject(this.#config.lost());
      const done = (error: Error | undefined, channel: ClientChannel): void => {
        this.off("close", lost);
        if (error)
          reject(
            new RpcError("UNAVAILABLE", `the server refuses: ${printable(error.message)}`, {
              cause: printableError(error),
            }),
          );
        else resolve(wrap(channel));
      };
      if (this.#closed) {
        lost();
        return;
      }
      this.setMaxListeners(0).once("close", lost);
      try {
        open(done);
      } catch (error) {
        done(error as Error, undefined as never);
      }
    });
  }
}

/** The connection itself, with no channel on it yet. */
export const WHOLE_CONNECTION: DialChannel<RemoteConnection, Client> = {
  open: (client, done) => done(undefined, client),
  wrap: (client, config) => new RemoteConnection(client, config),
  refusal: () => undefined,
};
